### Lettering inside figures and pictures.
