### The report of runs and evaluations.

## Head and navigation

report-kicker = mitsume report
report-skip = Skip to the figures
report-lead = Where does the model look, does it look at the same place for the same class, and how well does it classify?
report-parts = Parts of this page
report-figures = Figures
report-curves = Curves
report-classes = Classes
report-images = Images
report-made = How it was made

## Figures

report-accuracy = Accuracy
report-kappa = Kappa
report-kappa-cohen = Cohen’s kappa
report-consistency-squared-l2 = Consistency, squared-l2
report-consistency-l2 = Consistency, l2
report-lower = lower is more consistent
report-depends-on-size = depends on the map’s size
report-counted-of-model = { $model }. The consistency is over { $counted } { $explained ->
        [predicted] images, by predicted class, right or wrong
       *[label] correctly classified images
    }.
report-counted-of-run = { $model }; lambda { $lambda } ({ $loss }); epoch { $epochs }. The consistency is over { $counted } { $explained ->
        [predicted] images, by predicted class, right or wrong
       *[label] correctly classified images
    }.
report-comparison = Comparison of the runs
report-run = Run
report-model = Model
report-epochs = Epochs
report-counted = Counted
report-lambda = Lambda
report-arrow = ↓ lower is more consistent.
report-baseline = Changes are against { $baseline }.
report-counted-note = “Counted” are the correctly classified images the consistency is over.
report-sizes-differ = The maps of these runs differ in size, so their l2 values cannot be compared with each other; squared-l2 can.
report-cross-entropy-only = cross-entropy only
report-epochs-of = { $done } of { $planned }
report-more = Measures beyond these two
report-more-label = Measures beyond squared-l2 and l2
report-measure = Measure
report-more-note = On the grid ({ $rows } × { $columns }), maps of different sizes show the same detail. Chance-corrected: how much of the maps’ variance the class explains; 0 if the class does not decide where the model looks, even where the maps are all alike. Distances are from the class mean map, or of pairs of maps of one class. Complexity is a control: diffuse maps are alike whatever the class. ↓ lower, ↑ higher is more consistent.

## Curves

report-curve-loss = Loss
report-curve-lower-better = lower is better
report-curve-higher-better = higher is better
report-curve-accuracy-kappa = Accuracy and kappa
report-curve-train-ce = Training cross-entropy
report-curve-val-ce = Validation cross-entropy
report-curve-train-loss = training loss (with the CAM loss)
report-curve-val-accuracy = Validation accuracy
report-curve-val-kappa = Validation kappa
report-curve-train-accuracy = Training accuracy
report-curve-squared-l2 = Gaze consistency, squared-l2
report-curve-l2 = Gaze consistency, l2
report-curve-lower-consistent = lower is more consistent
report-curve-lambda = Weight of the CAM loss
report-curve-lambda-caption = lambda_t of the curriculum
report-curve-cam-loss = CAM loss
report-curve-cam-loss-caption = mean over the training images of an epoch
report-curve-rate = Learning rate
report-curve-rate-caption = lowered when the validation loss stalls
report-curve-line-train-ce = training cross-entropy
report-curve-line-val-ce = validation cross-entropy
report-curve-line-val-accuracy = validation accuracy
report-curve-line-val-kappa = validation kappa
report-curve-line-train-accuracy = training accuracy
report-curve-line-rate = learning rate

## Classes

report-not-evaluated = Not evaluated yet: there is no evaluation folder in this run.
report-mean-image-alt = Mean of the correctly classified images of { $class }
report-mean-map-alt = Mean map of { $class } over its mean image
report-no-mean-map = no correctly classified image, so no mean map
report-mean-caption = mean of { $correct } { $explained ->
        [predicted] predicted as it
       *[label] correct
    }; squared-l2 { $deviation }
report-bar = colours from 0, black, to 1, light yellow
report-mean-note = Left: mean of the class’s correctly classified images. Right: their mean map over it, from 0 to 1:
report-per-class = Per class
report-per-class-label = Figures per class
report-label-of-run = { $what } of { $run }
report-class = Class
report-correct = Correct
report-share = Share
report-confusion = Confusion matrix
report-true = true ↓
report-predicted = predicted →
report-row-images = images
report-cell = { $share } of { $class }
report-mistakes = Most frequent mistakes
report-none = None.
report-true-class = True class
report-taken-for = Taken for
report-skipped = Unreadable images left out: { $count }
report-skipped-more = and { $count } more

## Images

report-gallery = Images, from typical to deviant
report-gallery-text = Each image beside its map. The deviation says how far the map is from its class’s mean map: small for what the model usually looks at in this class, large for an unusual look.
report-show = Show
report-sort = Sort
report-picture = Picture
report-all = all
report-show-all = correct and wrong
report-show-correct = correct only
report-show-wrong = wrong only
report-sort-typical = typical first
report-sort-deviant = deviant first
report-sort-probable = most probable first
report-sort-improbable = least probable first
report-sort-name = by name
report-picture-both = image and map
report-picture-map = map
report-picture-image = image
report-gallery-all = All { $total } images; { $wrong } wrong in all.
report-gallery-some = { $shown } of { $total } images: wrong ones preferred, the others evenly from the most typical to the most deviant; { $shown_wrong } of { $wrong } wrong ones are among them. The rest are in images.csv.
report-picture-missing = picture not found
report-overlay-alt = { $image } with the map of { $class }
report-map-alt = Map of { $class } in { $image }
report-card-correct = correct
report-card-wrong = wrong
report-card-predicted = predicted { $predicted } { $probability };
report-card-deviation = deviation { $deviation }


## How it was made

report-environment = Environment
report-configuration = Configuration
report-epochs-table = All epochs as a table
report-epochs-label = Epochs
report-column-epoch = Epoch
report-column-rate = Learning rate
report-column-train-ce = Train CE
report-column-cam-loss = CAM loss
report-column-train-accuracy = Train acc.
report-column-val-ce = Val. CE
report-column-val-accuracy = Val. acc.
report-column-seconds = Seconds
report-footer = Made by mitsume { $version }. This page is one file and loads nothing from the network.
report-fact-model = model
report-fact-parameters = parameters
report-fact-outputs = outputs
report-fact-outputs-single = one, z: two classes with the logits (0, z)
report-fact-layer = hooked layer
report-fact-maps = maps
report-fact-map-size = map size
report-fact-explained = maps of
report-fact-explained-class = { $explained ->
        [predicted] the predicted class of each image (--explain predicted)
        [class] { $class }, in every image (--explain)
       *[label] the true class of each image
    }
report-fact-evaluated-images = evaluated images
report-fact-evaluated-folder = evaluated folder
report-fact-input = input
report-fact-training-folder = training folder
report-fact-precision = precision of the convolutions
report-fact-overrides = not as it was trained
report-fact-epochs = epochs
report-fact-best-epoch = best epoch
report-fact-best-epoch-value = { $epoch } by { $criterion } (kappa { $kappa }, loss { $loss })
report-fact-batch = batch size
report-fact-seed = seed
report-fact-command = command
report-fact-device = device
report-fact-platform = platform
report-fact-processor = processor
report-fact-data-train = training data
report-fact-data-valid = validation data
report-fact-input-size = { $side } × { $side }, { $channels } channel(s)
report-fact-threads = { $device }, { $threads } thread(s)
report-fact-fingerprint = { $images } images, fingerprint { $fingerprint }

## A consistency over little

report-few-classes =
    { $count ->
        [one] over { $count } class only
       *[other] over { $count } classes only
    }
report-few-images =
    { $count ->
        [one] over { $count } image only
       *[other] over { $count } images only
    }

## Many classes

report-least-consistent = Least consistent classes
report-most-consistent = Most consistent classes
report-ranked =
    { $needed ->
        [one] Of { $total } classes, the { $ranked } with at least one correctly classified image are ranked, by squared-l2.
       *[other] Of { $total } classes, the { $ranked } with at least { $needed } correctly classified images are ranked, by squared-l2.
    }
report-find = Search all classes
report-found = { $found } of { $total } classes match; { $shown } are shown.
report-find-script = The search needs JavaScript; eval.json has the figures of every class.
report-maps-of-some = Mean maps of { $shown } of { $total } classes: the most consistent ones, then the least consistent.
report-images-of-some = Images of { $shown } of { $total } classes: the most and the least consistent ones, and those most often taken for another. images.csv has the others.

## Filters and pages of the gallery. The script fills in what is in braces.

report-status-all = { $shown } of { $total } images are on this page.
report-status-correct = { $shown } of { $total } correct images are on this page.
report-status-wrong = { $shown } of { $total } wrong images are on this page.
report-status-rest = The rest are in images.csv.
report-range = { $from }–{ $to } of { $count }
report-range-classes = classes { $from }–{ $to } of { $count }
report-previous = Previous
report-next = Next
report-printed = { $count } of them are shown on paper and without JavaScript.

# How a value stands among those of the other runs.
report-ranking-best = best mean of { $seeds } seeds
report-ranking-highest = highest; { $reason }
report-ranking-lowest = lowest; { $reason }
report-ranking-at-chance = not above chance
report-ranking-one-class = one class only
report-ranking-few-images = few images
report-ranking-not-evaluated = not all evaluated
report-ranking-data-differ = data differ
report-ranking-epochs-differ = epochs differ
report-ranking-methods-differ = methods differ
report-ranking-explained-differ = maps of other classes
report-ranking-sizes-differ = map sizes differ
report-ranking-layers-differ = layers differ
report-ranking-classes-differ = classes differ
report-ranking-one-seed = one seed
report-ranking-within-chance = within chance
report-ranking-note = A best is named only where its mean over several seeds differs from every other beyond chance (paired t-tests, corrected p below 0.05); elsewhere the reason stands beside the highest or lowest value.
# What changes are against, where it is not one run.
report-baseline-of-each = the run without CAM loss of the same model and seed
# A change of a share, such as +1.5.
report-points = { $points } points

# A run's fact: validation images whose pixels equal a training image's.
report-leaks = leaks
report-leaks-value = { $images } of { $of } validation images are also training images (same pixels)
report-leaks-none = none: no validation image is also a training image
# A run's fact: validation images of patients who have training images, too.
report-patients = patients
report-patients-value = { $images } of { $of } validation images are of patients with training images
report-patients-none = no patient has images both in training and in validation
report-other-files = not taken as images
