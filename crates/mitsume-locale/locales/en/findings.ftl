### What was found, in sentences: at the top of the report, in mitsume trust, at the end of the demo.

## The page

findings-title = { $data }: { $model }
findings-data-sets = { $count } data sets
findings-models = { $count } models
findings-folder = folder { $folder }
findings-heading = What was found
findings-terms = What the terms mean
# Between the items of a list.
findings-between = {", "}
# Said before a sentence that warns.
findings-caution = Caution:{" "}

## Figures

findings-one = { $model } classifies { $accuracy } of the { $images } images of { $data } correctly; kappa, the agreement beyond chance, is { $kappa } (1 is perfect, 0 is guessing).
findings-one-consistency = On average the map of { $explained ->
        [predicted] an image, right or wrong, differs from the mean map of its predicted class
       *[label] a correctly classified image differs from the mean map of its class
    } by { $squared } (squared-l2, over { $counted } images). Lower is more consistent: the model looks at the same place for the same class.
findings-chance = The class explains { $share } of how the maps vary (chance-corrected: 0 % if the class does not decide where the model looks, 100 % if it decides everything).
findings-several = { $count ->
        [one] One evaluation: { $most }, kappa { $high } (agreement beyond chance: 1 is perfect, 0 is guessing).
       *[other] { $count } evaluations: kappa, the agreement beyond chance (1 is perfect, 0 is guessing), lies between { $low } ({ $least }) and { $high } ({ $most }).
    }
findings-at-chance = { $name } is no better than guessing (kappa { $kappa }): where it looks, and how consistently, means nothing.
findings-many-at-chance = { $count ->
        [one] One of them is no better than guessing: where it looks, and how consistently, means nothing.
       *[other] { $count } of them are no better than guessing: where they look, and how consistently, means nothing.
    }
findings-single-class = { $name } knows one class only, { $class }: every prediction is right, and kappa is 0 by definition.
findings-one-class = { $name } has correctly classified images of { $class } alone: its consistency is over that class and says nothing of the others.
findings-explained = { $explained ->
        [predicted] In { $name } every map is that of the image’s predicted class, and the images of a class are those predicted as it, right or wrong: where this page speaks of correctly classified images, of maps and their consistency, read images predicted as the class.
       *[class] In { $name } every map is that of { $class }, whichever class the image has: the mean map of a class shows where its correctly classified images speak for { $class }.
    }
findings-many-explained = In { $count } of them the maps are not those of the true classes (see “maps of” at the end of the page); their consistency is not compared with that of the others.
findings-few-images = { $name }: only { $images } images were evaluated; with others the figures may be quite different.
findings-unfinished = { $name } has done { $done } of { $planned } epochs and has no evaluation yet; its figures below are of its last epoch on the validation images, and it is not compared.
findings-many-unfinished = { $count } runs are not over, or have no evaluation yet; they are not compared.

## Lambda

findings-lambda = lambda { $lambda }
findings-lambda-of-model = lambda { $lambda } ({ $model })
findings-one-kappa = With { $subject } instead of 0, all else being the same (seed { $seed }), kappa went from { $from } to { $to }, and the accuracy from { $accuracy_from } to { $accuracy_to }.
findings-one-change = With { $subject } the maps { $direction ->
        [down] became { $change } more consistent
        [up] became { $change } less consistent
       *[same] became neither more nor less consistent
    }: squared-l2, the mean distance from the class mean map, went from { $from } to { $to } (lower is more consistent).
findings-not-compared = With { $subject } the consistency is not compared: a model that guesses, or other classes with correctly classified images than without the loss, makes it another quantity.
findings-seeds = With { $subject } instead of 0, over { $seeds } seeds, { $quantity } changed by { $change } on average (95 % interval { $low } to { $high }): { $verdict ->
        [beyond] more than the seeds alone explain (paired t-test, p = { $p }, corrected for all comparisons here)
        [within] no more than the seeds alone may explain (paired t-test, p = { $p }, corrected for all comparisons here)
       *[equal] by the same amount for each seed, so that no test applies
    }.
findings-one-seed = This is one seed. From seed to seed kappa moves by several hundredths, and the consistency moves too: a change of this size may be the seed’s. Several seeds tell: mitsume sweep, mitsume analyze.
findings-no-baseline = No run without the loss (lambda 0) is here to compare with, so nothing can be said of what lambda changed.
findings-not-alike = { $count ->
        [one] One run with the loss is compared with none: no run without the loss has its data, model, epochs, seed and settings, or another run has taken its place.
       *[other] { $count } runs with the loss are compared with none: no run without the loss has their data, model, epochs, seed and settings, or another run has taken its place.
    }
findings-more = { $count ->
        [one] One more lambda was compared; the table below has its figures, and mitsume analyze puts all together.
       *[other] { $count } more lambdas were compared; the table below has their figures, and mitsume analyze puts all together.
    }

## Classes

findings-two-classes = { $name } looks at { $a } and { $b } in { $nearly ->
        [same] nearly the same place
       *[other] different places
    }: their class mean maps correlate with r = { $r }.
findings-all-classes-alike = { $name } looks at all classes in nearly the same place: any two class mean maps correlate with r = { $r } or more.
findings-classes-alike = { $name } looks at { $a } and { $b } { $nearly ->
        [same] in nearly the same place
       *[other] most alike
    } (their class mean maps correlate with r = { $r }), and at { $c } and { $d } most differently (r = { $s }).
findings-least-consistent = { $name } is least consistent for { $least } (squared-l2 { $high }) and most for { $most } ({ $low }).
findings-between-runs = Between lambda 0 and lambda { $lambda } the class mean map of { $changed } changed most (r = { $r } between the two), that of { $kept } least (r = { $s }).

## Border and background

findings-border = { $mass } of the maps of { $name } lies on the images’ border (the outermost tenth of each side), which is { $area } of the image: { $share ->
        [even] no less than an evenly spread map would have there, so they do not favour the middle
       *[little] less than an evenly spread map would have there
    }.
findings-background = { $mass } of the maps of { $name } lies on empty background, which is { $area } of the images: { $share ->
        [even] no less than an evenly spread map would have there. Nothing is to be seen there; a model that looks there is wrong, however consistent it is
        [much] less than an evenly spread map would have there, but still a fifth or more. Nothing is to be seen there; a model that looks there is wrong, however consistent it is
       *[little] less than an evenly spread map would have there
    }.
findings-no-background = The images have hardly any empty background ({ $area } of their area).
findings-background-classes = { $name } looks at the empty background most for { $classes }.
findings-not-measured = How much of the maps lies on the images’ border and on empty background was not measured; mitsume eval measures it.
findings-range = { $region ->
        [border] On the images’ border (the outermost tenth of each side)
       *[background] On empty background
    } lies between { $low } ({ $least }) and { $high } ({ $most }, where it is { $area } of the image) of the maps; { $warned ->
        [0] for none of them is this suspicious
        [one] of one evaluation this is too much: { $region ->
            [border] no less than an evenly spread map would have
           *[background] no less than an evenly spread map would have, or a fifth and more
        }
       *[other] of { $warned } evaluations this is too much: { $region ->
            [border] no less than an evenly spread map would have
           *[background] no less than an evenly spread map would have, or a fifth and more
        }
    }.

## Terms

findings-term-map = Map
findings-map-means = A class activation map (Grad-CAM unless another method is named): for one image and one class, how much each place raised the score of that class, from 0 to 1.
findings-term-mean = Class mean map
findings-mean-means = The average map of a class over its correctly classified images.
findings-term-consistency = Consistency, deviation
findings-consistency-means = A deviation is how far one map is from its class mean map; the consistency is the mean deviation of all correctly classified images. Lower means looking at the same place for the same class. It does not say that the place is right.
findings-term-squared = squared-l2
findings-squared-means = The definition of the deviation: the squared difference, averaged over the elements of the map. Maps of different sizes can be compared by it.
findings-term-l2 = l2
findings-l2-means = The deviation as the published code computes it, for comparison with published numbers. The same maps sampled twice as finely give half the value, so it is compared only between maps of one size. A class with a single correct image is left out.
findings-term-counted = Counted
findings-counted-means = The correctly classified images, which are those the consistency is over.
findings-term-kappa = Kappa
findings-kappa-means = Cohen’s kappa: agreement with the true classes beyond chance. 1 is perfect, 0 is what guessing gives. Unlike accuracy it is not flattered by a frequent class.
findings-term-lambda = Lambda
findings-lambda-means = Weight of the consistency loss in training: above 0 rewards looking consistently, below 0 rewards diversity, 0 is plain training.
findings-term-r = r
findings-r-means = Pearson’s correlation of two class mean maps, element by element: 1 if they rise and fall together, 0 if they are unrelated. From 0.90 on they are called nearly the same.
findings-term-regions = Border, empty background
findings-regions-means = The border is the outermost tenth of each side, 36 % of any image. The empty background is what is one even colour from the image’s edge inwards. Of each the share of the maps’ sum is given (relevance mass, Arras et al. 2022), averaged over the correctly classified images; a map spread evenly would have the region’s share of the image. That much, or a fifth on the background, is called out.
