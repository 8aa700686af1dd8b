### The page, tables and sentences of mitsume compare.

compare-head =
    { $models } models on the same { $images ->
        [one] { $images } image
       *[other] { $images } images
    } of { $classes ->
        [one] { $classes } class
       *[other] { $classes } classes
    }; baseline { $baseline }

# Tables.
compare-figures = Each model
compare-figure = figure
compare-accuracy = accuracy
compare-on-grid = { $form }, { $grid } grid
compare-chance-corrected = chance-corrected
compare-counted = images counted
compare-interval-note =
    In brackets { $level } percentile intervals of { $resamples } bootstrap resamples of { $unit ->
        [patient] the { $patients } patients, each with all of its images{ $without ->
            [0] { "" }
            [one] {" "}(one image of no known patient counts as one)
           *[other] {" "}({ $without } images of no known patient count as one each)
        }
       *[image] the images
    }, the same for every model{ $strata ->
        [class] , drawn within each class
       *[none] , drawn from all classes together
    } (seed { $seed }); those of consistencies are moved by the bootstrap’s bias. squared-l2 and l2: lower is more consistent; chance-corrected: higher.
compare-no-intervals = Without intervals, because no resamples were asked for. squared-l2 and l2: lower is more consistent; chance-corrected: higher.
compare-differences = Difference from { $baseline }
compare-differences-note = Model minus baseline, in the same resamples. An interval that contains 0 shows no difference; a dash stands where the two do not compare.
compare-right = Which images are right
compare-right-note = McNemar’s exact test counts the images that only one of the two has right; Holm’s correction is for the number of models.
compare-model = model
compare-both = both
compare-baseline-only = only { $baseline }
compare-model-only = only the model
compare-neither = neither
compare-p-holm = p (Holm)
compare-maps = Maps beside those of { $baseline }
compare-maps-note = Both maps of the same image, at { $size }; the larger size is reached by bilinear enlargement. r: Pearson’s correlation over the pixels, mean over the images. Other image: of the model’s map and the baseline’s map of another image of the class. Above that, the models agree on the image, and not only on the class.
compare-r = r
compare-r-other = r, other image
compare-classes = Classes
compare-classes-note = Correct images, consistency, and the correlation of the class mean map with that of { $baseline }.
compare-class = class
compare-images = images
compare-correct = correct
compare-mean-map-r = mean map r

# Findings.
compare-found-accuracy =
    { $verdict ->
        [better] { $model } has more images right than { $baseline }
        [worse] { $model } has fewer images right than { $baseline }
       *[none] No difference in accuracy is shown between { $model } and { $baseline }
    }: { $difference }; { $model_only } images are right by { $model } alone, { $baseline_only } by { $baseline } alone (McNemar’s test, p { $p }).
compare-found-consistency =
    { $verdict ->
        [more] { $model } is more consistent than { $baseline }
        [less] { $model } is less consistent than { $baseline }
        [unknown] { $model } against { $baseline }, without an interval
       *[none] No difference in consistency is shown between { $model } and { $baseline }
    }: { $form } { $difference }. { $corrected ->
        [more] Corrected for chance it is more consistent
        [less] Corrected for chance it is less consistent
        [unknown] Corrected for chance, without an interval
        [undefined] Corrected for chance it is not defined
       *[none] Corrected for chance no difference is shown
    }: { $corrected_difference }.
compare-found-maps =
    { $verdict ->
        [more] { $model } and { $baseline } look at the same image more alike than at different images of a class
       *[no-more] { $model } and { $baseline } look at the same image no more alike than at different images of a class
    }: mean correlation { $pearson } against { $other }.
compare-found-stability =
    Over all pairs of the { $models } models, mean generalizability MeGe is { $mege } (1: models that are right look at the same; 0.5: at unrelated places) and relative consistency ReCo { $reco } (1: how alike they look tells whether both are right; 0: it tells nothing); { $both } pairs of maps are right by both, { $one } by one.

# Cautions.
compare-left-out =
    { $images } of { $of } images of { $model } are not compared, because they are not in every evaluation with the same class: { $named }{ $more ->
        [0] { "" }
       *[other] {" "}and { $more } more
    }.
compare-labelled-differently =
    { $images ->
        [one] { $images } image is
       *[other] { $images } images are
    } in every evaluation but not of the same class: { $first }.
compare-other-folder = The images come from different folders ({ $first } and { $second }); those of the same path and class are taken for the same image.
compare-few-images =
    Only { $images ->
        [one] { $images } image is
       *[other] { $images } images are
    } compared; with others the figures may be quite different.
compare-sizes-differ = The maps differ in size: { $sizes }. l2 depends on the size and is not compared; its form on the common grid is.
compare-methods-differ = The maps are of different methods: { $methods }. Differences in consistency may be the methods’, not the models’.
compare-counted-differ = Each consistency is over the model’s own correct images, which are not the same for all; --shared takes those that all models have right.
compare-at-chance = { $name } is not better than guessing (kappa { $kappa }): where it looks explains guesses.
compare-one-class = The consistency of { $name } is over one class alone.
compare-few-counted =
    { $name } has fewer than { $least } correct images of { $classes }{ $more ->
        [0] { "" }
       *[other] {" "}and { $more } more classes
    }: their mean maps depend on single images.
compare-unread-lists = Not read: { $lists }. Whether it names patients is not known, so that images are taken as independent; --patient-regex finds patients in paths.
compare-patients-apart = Some patients have several images, which are taken as independent (--resample-by image): the intervals are too narrow.
compare-right-of-patients = McNemar’s test takes images as independent. Some patients have several, so that its p-values are too small; go by the interval of the accuracy’s difference.
compare-few-patients = The intervals are of { $patients } patients only, and with so few they are too narrow.
compare-one-patient = { $strata ->
        [one] One class has
       *[other] { $strata } classes have
    } a single patient, which is in every resample: the intervals do not know that other patients of it differ.
compare-undefined-resamples = In up to { $undefined } of { $resamples } resamples a consistency is not defined; they are left out of its interval, and where they are more than one in twenty there is no { $level } interval.

# The page.
compare-found = What was found
compare-where = Where they look
compare-difference = difference
compare-plot-caption =
    Difference from { $baseline } with its interval{ $better ->
        [higher] ; to the right is better
        [higher-consistent] ; to the right is more consistent
       *[lower] ; to the left is more consistent
    }.
compare-mean-maps = Class mean maps
compare-mean-maps-note = Over the mean image of the class, each model’s own correct images; r is the correlation with the baseline’s mean map.
compare-mean-map-alt = mean map of { $class } by { $model }
compare-mean-map-caption = { $model } ({ $counted })
compare-no-mean-map = { $model }: no correct image
compare-some-classes = { $shown } of { $total } classes: those whose mean maps are least alike; compare.json has all.
compare-pictures = Images that separate the models
compare-pictures-note = The image, the baseline’s map, the model’s map, both of the same class. r is the correlation of both maps; the images whose maps are least alike come first.
compare-least-alike = Maps that are least alike
compare-only-right = Right by { $right }, wrong by { $wrong }
compare-more-images = { $more } more are in compare.csv.
compare-map-alt = map of { $image } by { $model }
compare-card-model =
    { $model }: { $right ->
        [yes] ✓
       *[no] ✗
    } { $predicted } { $probability }
compare-made = How it was made
compare-fact = { $model }, { $method } at { $layer }, maps of { $size }; images of { $data }; read from { $path }
compare-made-note = mitsume { $version }. Intervals are of other images of the same kind, not of other seeds; images are taken as independent unless their patients are known. None of this says that a model looks at the right place.
