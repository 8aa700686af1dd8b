//! Class-folder image data sets: decoding, transforms equal to torchvision's, seeded augmentation, phantoms and data-set checks.
