### The page of mitsume explain.

explain-lead = Each image, and over it where the model looks for the class it predicts. A click opens the large picture; explained.csv beside this page has every number.
explain-predicted = Predicted class
explain-count = Images
explain-failed =
    { $count ->
        [one] One image could not be explained
       *[other] { $count } images could not be explained
    }
explain-images = Where the model looks
explain-deviation = Below each image: how far its map is from the mean map of its class in the reference. The lower, the more typical.
explain-first = Shown are the first { $shown }; explained.csv has the rest.
explain-overlay = { $name }: where the model looks
explain-map-of = map of { $class }, { $probability }
explain-made = How it was made
explain-caution = mitsume { $version }. An explanation of a classifier is not a diagnosis, and says nothing of whether the model is right.
explain-fact-layer = Layer
explain-fact-maps = Maps
explain-fact-size = Size of the images
explain-fact-map-size = Size of the maps
explain-fact-reference = Compared with
explain-flip = { $method }, mean with the mirrored image

## On the picture of an image

explain-panel-input = input
explain-panel-overlay = where it looks
explain-panel-mean = class mean map
explain-panel-difference = difference
explain-panel-predicted = predicted
explain-panel-map-of = map of
explain-panel-deviation = deviation from the class mean: squared-l2 { $squared }, l2 { $l2 }
explain-panel-typical = the lower, the more typical of its class
explain-panel-border = on the image's border
explain-panel-background = on its empty background
explain-panel-even = an even map: { $area }
explain-panel-escaped = a character this picture's font lacks
