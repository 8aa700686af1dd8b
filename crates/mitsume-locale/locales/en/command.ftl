### What commands print for a person.

## A model, and how it is used other than as it was trained

command-model-override = warning: { $setting } is { $used } here; these weights were trained with { $trained }
command-model-fewer-classes = warning: the model chooses among { $used } alone; these weights were trained with { $trained }
command-model-override-short = { $setting } { $used } (trained with { $trained })
command-model-overrides = not as it was trained: { $changes }
# The weight file knows nothing; `settings` are keys and values such as "image_size 224".
command-model-assumed = note: { $model } does not say how its images were prepared; assumed, as published: { $settings }
command-model-classes-by-position = note: { $model } does not name its classes; assumed, in the order of the folders: { $classes }
command-model-findings-by-position = note: { $model } does not name its findings; assumed, in the order of the list’s columns, or of the names in its column: { $classes }
command-model-softmax = note: { $model } ends in a softmax; the class scores are the logits before it
command-model-sigmoids = note: { $model } ends in sigmoids: each output is a finding by itself, and its score the logit before the sigmoid
command-model-findings = note: { $model } does not say what its outputs are; each is taken for the logit of a finding, with the sigmoid as its probability
command-model-single-logit = note: { $model } has one output z, taken for two classes with the logits (0, z): the map of { $positive } is of z, that of { $negative } of -z
command-task-by-columns = note: { $list } has several labels for an image; the model is evaluated as a multi-label one (--task)
command-model-unfinished = note: { $run } is not finished; the weights of its last checkpoint are used (step { $step }, { $done } of { $epochs } epochs done)

command-train-other-init = warning: { $path } is another file than the run began with; the weights of its checkpoint are used
command-train-other-processor = warning: this run began on { $began } and goes on with { $now }: the last digits may differ from those of a run on one of them

## What was settled on, with --verbose

command-settled-device = computing on { $device }, { $threads } threads
command-settled-model = model: { $model } ({ $file }), hooked at { $layer }, { $method } maps of { $size }
command-settled-images = its images: { $settings }
command-settled-classes = its classes: { $classes }
command-settled-run = the run, with every default:

## Heads of tables and words that several commands share.

command-class = class
command-images = images
command-correct = correct
command-report-at = report: { $path }

## Figures: eval, score.

command-evaluated =
    { $model }: { $images ->
        [one] { $images } image
       *[other] { $images } images
    }{ $skipped ->
        [0] { "" }
       *[other] , { $skipped } skipped
    }, { $method } at { $layer }
command-explained = maps of { $explained ->
        [predicted] the predicted class; a class’s images are those predicted as it, right or wrong
       *[class] { $class } in every image; a class’s images are its correct ones
    }
command-agreement = accuracy { $accuracy }  kappa { $kappa }  cross-entropy { $loss }
command-finding = finding
command-positives = with it
command-found = found in
command-true-positives = both
command-average-precision = av. precision
command-finding-scores =
    multi-label, { $findings ->
        [one] { $findings } finding
       *[other] { $findings } findings
    }, found from probability { $threshold }
    mean AUC { $auc }  average precision { $precision }  F1 { $f1 }  binary cross-entropy { $loss }
command-scored =
    { $images ->
        [one] { $images } map
       *[other] { $images } maps
    } of { $size }, accuracy { $accuracy }, kappa { $kappa }
command-consistency =
    consistency over { $counted ->
        [one] { $counted } { $explained ->
            [predicted] image, by predicted class
            [finding] map of a finding that is there and found
           *[label] correct image
        }
       *[other] { $counted } { $explained ->
            [predicted] images, by predicted class
            [finding] maps of findings that are there and found
           *[label] correct images
        }
    } (lower: more consistent)
command-measures = beyond the metric (grid { $grid }; distances from the class mean map; ↓ lower, ↑ higher is more consistent)

## explain

command-picture = picture
command-predicted = predicted
command-map-of = map of
command-mean-probability = mean probability

## layers

command-layer = layer
command-module = module
command-operator = operator
command-shape = shape
command-layer-more = { $modules } modules that are likely to be wanted, of { $layers } layers; --all lists them all
command-layer-pooled = { $layer } is the default because the logits are made of its mean over all pixels
command-layer-last = { $layer } is the default because it is the last layer with a map of several pixels
command-layer-attention = { $layer } is the default because the last attention reads it, and nothing averages what comes after
command-layer-before-attention = { $layer } is the default because it is the last map before the attention that pools it
command-layer-default = * taken where --target-layer names none; a name may be a layer's or a module's
command-layout = layout
command-layer-layout = ? the model does not tell its layout: --layout says it

## bench

command-bench-step = level { $level }: { $seconds } s per step, { $rate } images/s, { $gflops } GFLOP/s
command-bench-model-step = { $model }: { $seconds } s per step, { $rate } images/s
command-bench-eval = level { $level }: { $seconds } s for { $images } images, { $rate } images/s

## data

command-phantoms = { $images } images in each of 4 classes
command-phantom-masks = where the lesions are
command-split = { $split }: { $images ->
        [one] { $images } image
       *[other] { $images } images
    }
command-split-unnamed = images
command-split-classes = classes
command-split-sizes = sizes
command-split-modes = modes
command-unreadable = unreadable files: { $files }
command-duplicates = exact duplicates (same pixels): { $groups } groups, { $repeats } repeats
command-near-duplicates = near duplicates (same to the eye, perhaps): { $groups } groups, { $images } images in all
command-leaks = leaks: { $images } images of a later split equal one in the first
command-patients = patients: { $patients }; with images in several splits: { $shared }; images without a patient: { $unknown }
command-divided-side = { $split }: { $images ->
        [one] { $images } image
       *[other] { $images } images
    }{ $patients ->
        [0] { "" }
        [one] {" "}of { $patients } patient
       *[other] {" "}of { $patients } patients
    }
command-divided-fold = fold { $fold } of { $folds }: { $list }
command-no-patients = note: no patient is known, so images were divided one by one: those of one patient may be on both sides. Name the patients in a list's column patient, or find them in the file names with --patient-regex
command-some-patients-unknown = note: the patient of { $images } of { $of } images is not known; each of these was divided by itself
command-conflicts = label conflicts: { $groups } groups with the same pixels under different classes
command-json-lists = --json lists every file.

## report

command-missing-pictures = warning: { $missing } of { $images } pictures are no longer where they were; the page has placeholders

## trust

command-trust-similarity = similarity to the model's own maps
command-trust-stage = randomised down to
command-trust-other-class = against the map of another class: 1 where the class does not matter
command-trust-noise = moved by noise, of the map: smaller is steadier
command-trust-moved = Maps of flipped and shifted images (rank correlation with the maps; 1: the map moves with the image)
command-trust-change = largest change
command-trust-faithful = ROAD, insertion and increase: larger is better; deletion and average drop: smaller
command-trust-maps = maps
command-trust-deletion = deletion
command-trust-insertion = insertion
command-trust-drop = av. drop
command-trust-increase = increase
command-trust-sparseness = Gini
command-trust-object = on the object: larger is better
command-trust-pointing = pointing
command-trust-mass = mass
command-trust-rank = rank

## Times

command-seconds = { $seconds } s
command-minutes = { $minutes } min { $seconds } s
command-hours = { $hours } h { $minutes } min

## Progress

command-stopping = stopping after this step (again to stop at once)
command-no-signals = warning: Ctrl-C will end the process without saving: { $reason }
command-skipped = skipped { $path }: { $reason }
command-reading-images = reading images
command-evaluating = evaluating
command-epoch-of = epoch { $epoch }/{ $epochs }
command-step-loss = loss { $loss }
command-about-left = about { $time } left
command-took = { $what }: { $time }
command-took-in-all = in all: { $time }
command-drawing-phantoms = drawing phantoms into { $dir }
command-training-level2 = training level 2 with lambda { $lambda }
# Heads of narrow columns, a line per epoch.
command-epoch = epoch
command-lambda = lambda
command-loss = loss
command-cam-loss = cam
command-valid-loss = valid
command-accuracy = acc.
command-time = time
command-left = left

## train, demo

command-done =
    done: { $out }
    see it: { $command }
command-stopped-early = stopped early after { $epochs } epochs: none of the last ones was better than the best (train.early_stopping)
command-nothing-left-early =
    { $out } is finished: it stopped early after { $epochs } epochs and is evaluated, nothing was left to do
    train longer: { $longer }
    see it: { $command }
command-nothing-left =
    { $out } is finished: all { $epochs } epochs are done and evaluated, nothing was left to do
    train longer: { $longer }
    see it: { $command }
command-checking-shards = checking shards
command-merging = merging
command-shard-damaged = warning: { $problem }; this shard is made again
command-mixed-processors = warning: shards { $first } ({ $first_processor }) and { $other } ({ $other_processor }) were made with different vector instructions: the last digits may differ from those of one process
command-shard-done =
    shard { $shard } is done; { $left ->
        [one] { $left } shard is
       *[other] { $left } shards are
    } left
command-shards-complete = shard { $shard } is done, and with it all; next: { $command }
command-shard-was-done = shard { $shard } of { $dir } was done already
command-shards-were-merged = { $dir } is merged already: nothing left to do
command-shards = shards
command-shards-found = { $done } of { $shards } shards are done already
command-shards-interrupted = interrupted: { $left } of { $shards } shards are left; go on with: { $command }
command-shards-queued = job { $job } of this evaluation is still queued or running: waiting for it
command-shards-submitted =
    job { $job } has { $tasks } tasks; job { $merge } merges after them; waiting for both
    logs: { $logs }
command-shards-go-on = no longer waiting: the jobs go on; wait for them again with: { $command }
command-shard-interrupted = interrupted: nothing of this shard was kept; it starts again with: { $command }
command-merge-interrupted = interrupted: the shards are as they were
command-nothing-kept = interrupted: nothing of this was kept
command-explain-interrupted = interrupted: { $done } of { $images } images are done; { $page } has them
command-interrupted = interrupted: saved; go on with: { $command }
command-demo-interrupted = interrupted: the demo starts anew: remove { $out } and run it again
command-demo-consistency = consistency, { $form }
command-demo-lower = Lower consistency figures: the model looks at the same place more.
command-demo-next = Next, on images of your own (one folder per class):

## sweep

command-cell = cell
command-cells = cells
command-state = state
command-state-waiting = waiting
command-state-running = running
command-state-interrupted = interrupted
command-state-failed = failed
command-state-finished = finished
command-epochs = epochs
command-time-left = time left
command-sweep-estimate = { $cells } cells, about { $time } with --jobs { $jobs }, from steps measured here (reading images not included)
command-cell-started = { $cell }: started
command-cell-finished = finished in { $time }
command-cell-was-finished = was finished
command-cell-elsewhere = another process works on it
command-cell-saved = saved
command-cell-failed = FAILED: { $problem }
command-cell-interrupted = interrupted: { $cell } is saved; the same command goes on
command-nothing-to-submit = nothing to submit: all { $cells } cells are finished
command-submitted =
    job { $job } has { $tasks } tasks; job { $analysis } analyses after them
    logs: { $logs }
    progress: { $command }
command-sweep-interrupted = interrupted: { $cells } cells are left; go on with: { $command }

## What is odd about a data set.

command-more = and { $count } more
command-not-images = not taken as images: { $files }
command-not-images-none = not taken as images: none
command-not-images-in = { $folder }: not taken as images: { $files }
command-more-frames = of several frames or pages the first is used: { $images ->
        [one] { $images } image
       *[other] { $images } images
    } ({ $files })
command-leaking = { $images } of { $of } validation { $of ->
        [one] image is also a training image
       *[other] images are also training images
    } (same pixels): accuracy, kappa and consistency are not those of new images
command-leaking-all = see all: { $command }
command-shared-patients = { $patients ->
        [one] { $patients } patient of the validation images has training images
       *[other] { $patients } patients of the validation images have training images
    }, too ({ $images } of { $of } validation images): accuracy, kappa and consistency are not those of new patients

# A figure whose letters are in no font of the machine.
command-no-png = warning: { $file }: no PNG beside it, because no font on this machine has { $characters }; install one, such as Noto Sans CJK
command-figures-written =
    { $files ->
        [one] { $files } file of figures and tables in { $folder }
       *[other] { $files } files of figures and tables in { $folder }
    }

## data remove

command-removed = { $sets } sets of { $training } training and { $testing } test images in { $out }
command-removed-next = Next: set epochs and learning rate in { $out }/sweep.toml, then mitsume sweep --config { $out }/sweep.toml --out SWEEP
