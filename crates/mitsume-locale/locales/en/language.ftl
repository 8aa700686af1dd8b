### The language itself, and phrases that several pages and commands share.

language-name = English
# A number of images.
language-images =
    { $count ->
        [one] { $count } image
       *[other] { $count } images
    }
# The link before a page's header, for keyboards and screen readers.
language-skip-to-summary = Skip to the summary
language-parts-of-page = Parts of this page
language-summary = Summary
