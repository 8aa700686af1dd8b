### The page of many runs (mitsume analyze).

# Single runs.
study-unfinished =
    { $count ->
        [one] One run is unfinished ({ $names }): its last epoch so far stands beside the last epochs of finished ones.
       *[other] { $count } runs are unfinished ({ $names }): their last epochs so far stand beside the last epochs of finished ones.
    }
study-lambda-never-reached =
    { $count ->
        [one] One run ends before its lambda rises ({ $names }): it is plain training, and counted as lambda 0.
       *[other] { $count } runs end before their lambda rises ({ $names }): they are plain training, and counted as lambda 0.
    }
study-repeating =
    { $count ->
        [one] One run repeats another to the last digit, because what sets them apart has no effect ({ $names }); the two count once.
       *[other] { $count } runs repeat another to the last digit, because what sets them apart has no effect ({ $names }); each counts once.
    }

study-lead = Does consistency go with kappa over the epochs of a run, and what does training for it do?
study-shown = What the data shows, and what it does not
study-scatters = Kappa and consistency
study-scatters-note = A point per epoch of every run; lines are least squares over the points of their colour, the grey ones over those of all models.
study-curves = Curves
study-curves-over-epochs = Curves over epochs
study-curves-note = Lines are means over runs, shaded from the lowest to the highest run.
study-tables = Tables
study-runs = Runs
study-runs-note = Each finished run has a report of its own beside it; the figures are in the folder figures, the numbers in analysis.json.
study-reading = How to read
study-reading-page = How to read this page
study-reading-r = Pearson’s correlation over the epochs of one run, and Spearman’s over their ranks. The mean is over runs, and its interval tells how runs differ; it does not take the epochs of a run as independent.
study-reading-changes = The correlation of the changes from one epoch to the next. Near 0 where two curves merely share a trend, as most curves of a training do.
study-reading-worth = Epochs follow one another, so neighbours are alike: so many independent epochs would tell as much.
study-reading-holm = The probability of a difference as large by chance alone, corrected for the number of comparisons on the data set. Above 0.05 nothing is shown, neither an effect nor its absence.
study-r-and-rho = r, rho
study-made-by = Made by mitsume { $version }. This page loads nothing from the network.

# Measures.
study-measure-of-table = consistency
study-measure-grid-squared-l2 = squared-l2 on the common grid
study-measure-grid-l2 = l2 on the common grid
study-measure-chance-corrected = chance-corrected consistency
study-note-of-table = As in the table's column of this name; lower is more consistent.
study-note-squared-l2 = The definition (Eq. 9, 10): the mean squared deviation from the class mean map. Lower is more consistent.
study-note-l2 = As published: it falls as a map is sampled more finely, so models whose maps differ in size do not compare. Lower is more consistent.
study-note-grid-squared-l2 = The definition, on maps averaged over the cells of one coarse grid: models whose maps differ in size compare. Lower is more consistent.
study-note-grid-l2 = The published form on maps averaged over the cells of one coarse grid. Lower is more consistent.
study-note-chance-corrected = How much of the maps' variance the class explains: 0 where images of one class are looked at no more alike than images of different classes, 1 where all of a class have one map. Higher is more consistent.

# Figures.
study-kappa = Cohen’s kappa
study-epoch = epoch
study-lambda = lambda { $lambda }
study-higher-axis = { $measure } (higher: more consistent)
study-lower-axis = { $measure } (lower: more consistent)
study-scatter-chart = Scatter of kappa and { $measure }, a point per epoch.
study-scatter-title = { $dataset }: kappa and { $measure }
study-slope = slope { $slope }
study-all-models = all models
study-without = without { $model }
study-curve-chart = Line chart of { $quantity } over epochs.
study-curve-last = { $name }: { $mean } in epoch { $epoch }.
study-curve-title = { $subject }: { $quantity } over epochs

# Tables.
study-column-run = run
study-column-dataset = data set
study-column-model = model
study-column-lambda = lambda
study-column-seed = seed
study-column-epochs = epochs
study-column-runs = runs
study-column-mean-r = mean r
study-column-interval = interval
study-column-percent-interval = { $percent } % interval
study-column-bootstrap = bootstrap
study-column-sign-flip = sign-flip p
study-column-mean-rho = mean rho
study-column-changes = r of changes
study-column-worth = epochs worth
study-column-final-kappa = final kappa
study-column-best-kappa = best kappa
study-column-against = against
study-column-pairs = pairs
study-column-difference = difference
study-column-effect = effect g
study-column-p = p
study-column-holm = p (Holm)
study-column-measure = measure
study-column-median = median
study-column-others = others
study-column-ratio = ratio
study-correlations-title = Correlation of kappa and { $measure } over the epochs of a run
study-correlations-note = Mean of the runs’ Pearson r, with Student’s interval of Fisher’s z across runs and a bootstrap over runs. The sign-flip test takes runs as independent and cannot fall below 2 / 2^runs. “Epochs worth”: how many independent epochs a run’s are worth.
study-cells-title = Kappa by cell, over seeds
study-cells-note = The best epoch is chosen on the validation images, so it flatters.
study-lambdas-title = What lambda does to { $outcome }
study-lambdas-note = After the last epoch, against the baseline of the same seeds. Paired t-test, corrected by Holm over the lambdas and models of a data set; g is Hedges’ effect size of the paired differences.
study-offsets-title = Where each model’s values lie
study-offsets-note = Median over all epochs, against that of the other models. With l2 the size of the maps alone gives an offset.

# Sentences.
study-outcome-kappa = kappa
study-nothing = There are too few epochs with kappa to say anything.
study-variants = “All models together” counts variants of one model as if they were different models; runs of one seed are alike in both, so its intervals are too narrow: read the variants one by one.
study-subject = { $dataset }, { $model }
study-subject-lambda = { $dataset }, { $model }, lambda { $lambda }
study-all-together = all models together
study-no-evidence =
    { $runs ->
        [one] { $subject }: r = { $r } over 1 run; nothing is known of how runs differ, so this is no evidence.
       *[other] { $subject }: r = { $r } over { $runs } runs; nothing is known of how runs differ, so this is no evidence.
    }
study-r-figures = mean r = { $r } over { $runs } runs, { $percent } % interval { $interval }
study-no-relation = { $subject }: no relation of kappa and { $measure } is shown ({ $figures }); that does not show that there is none.
study-more-consistent = { $subject }: epochs of higher kappa are those of more consistent maps ({ $figures }).
study-less-consistent = { $subject }: epochs of higher kappa are those of less consistent maps ({ $figures }).
study-shared-trend = Their changes from epoch to epoch hardly go together, so it may be a shared trend of training.
study-not-confirmed = The sign-flip test does not confirm it (p = { $p }; { $runs } runs cannot give less than { $least }).
study-extreme-epochs = The ranks agree much less (mean rho { $rho }): a few extreme epochs make the r.
study-rests-on-normal = That rests on differences being normally distributed; the sign-flip test, which does not, gives p = { $p } ({ $pairs } pairs cannot give less than { $least }).
study-single-pair = { $subject }: { $outcome } changes by { $change } against lambda { $baseline } in a single pair of runs; it cannot be told from chance.
study-all-alike = { $subject }: { $outcome } changes by { $change } against lambda { $baseline } in all { $pairs } pairs alike.
study-effect = { $subject }: { $outcome } changes by { $change } against lambda { $baseline } ({ $pairs } pairs, interval { $interval }, corrected p = { $p }).
study-no-effect = { $subject }: no effect on { $outcome } is shown ({ $change } over { $pairs } pairs, interval { $interval }, corrected p = { $p }).

# What the data cannot bear.
study-caution-no-kappa = { $without } of { $runs } runs have no kappa and are left out.
study-caution-autocorrelated = Epochs of a run are autocorrelated: its { $epochs } epochs are worth { $effective } independent ones on average, and { $least } in { $dataset }, { $model }. Tests that take epochs as independent are too sure; read the intervals across runs.
study-caution-single-run =
    { $count ->
        [one] One correlation rests on a single run: nothing is known of how runs differ.
       *[other] { $count } correlations rest on a single run: nothing is known of how runs differ.
    }
study-caution-no-baseline = No lambda can be compared: no run of lambda { $baseline } to pair.
study-caution-single-seed =
    { $count ->
        [one] One comparison of lambdas rests on a single seed: a difference may be chance, and no test can tell.
       *[other] { $count } comparisons of lambdas rest on a single seed: a difference may be chance, and no test can tell.
    }
