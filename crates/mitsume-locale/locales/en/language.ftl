### The language itself, and phrases that several pages and commands share.

language-name = English
# A number of images.
language-images =
    { $count ->
        [one] { $count } image
       *[other] { $count } images
    }
