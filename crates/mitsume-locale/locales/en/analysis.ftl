### The page of many runs (mitsume analyze).

# Single runs.
analysis-unfinished =
    { $count ->
        [one] One run is unfinished ({ $names }): its last epoch so far stands beside the last epochs of finished ones.
       *[other] { $count } runs are unfinished ({ $names }): their last epochs so far stand beside the last epochs of finished ones.
    }
analysis-lambda-never-reached =
    { $count ->
        [one] One run ends before its lambda rises ({ $names }): it is plain training, and counted as lambda 0.
       *[other] { $count } runs end before their lambda rises ({ $names }): they are plain training, and counted as lambda 0.
    }
analysis-repeating =
    { $count ->
        [one] One run repeats another to the last digit, because what sets them apart has no effect ({ $names }); the two count once.
       *[other] { $count } runs repeat another to the last digit, because what sets them apart has no effect ({ $names }); each counts once.
    }

analysis-lead = Does consistency go with kappa over the epochs of a run, and what does training for it do?
analysis-shown = What the data shows, and what it does not
analysis-scatters = Kappa and consistency
analysis-scatters-note = A point per epoch of every run; lines are least squares over the points of their colour, the grey ones over those of all models.
analysis-curves = Curves
analysis-curves-over-epochs = Curves over epochs
analysis-curves-note = Lines are means over runs, shaded from the lowest to the highest run.
analysis-tables = Tables
analysis-runs = Runs
analysis-runs-note = Each finished run has a report of its own beside it; the figures are in the folder figures, the numbers in analysis.json.
analysis-reading = How to read
analysis-reading-page = How to read this page
analysis-reading-r = Pearson’s correlation over the epochs of one run, and Spearman’s over their ranks. The mean is over runs, and its interval tells how runs differ; it does not take the epochs of a run as independent.
analysis-reading-changes = The correlation of the changes from one epoch to the next. Near 0 where two curves merely share a trend, as most curves of a training do.
analysis-reading-worth = Epochs follow one another, so neighbours are alike: so many independent epochs would tell as much.
analysis-reading-holm = The probability of a difference as large by chance alone, corrected for the number of comparisons on the data set. Above 0.05 nothing is shown, neither an effect nor its absence.
analysis-r-and-rho = r, rho
analysis-made-by = Made by mitsume { $version }. This page loads nothing from the network.

# Measures.
analysis-measure-of-table = consistency
analysis-measure-grid-squared-l2 = squared-l2 on the common grid
analysis-measure-grid-l2 = l2 on the common grid
analysis-measure-chance-corrected = chance-corrected consistency
analysis-note-of-table = As in the table's column of this name; lower is more consistent.
analysis-note-squared-l2 = The definition (Eq. 9, 10): the mean squared deviation from the class mean map. Lower is more consistent.
analysis-note-l2 = As published: it falls as a map is sampled more finely, so models whose maps differ in size do not compare. Lower is more consistent.
analysis-note-grid-squared-l2 = The definition, on maps averaged over the cells of one coarse grid: models whose maps differ in size compare. Lower is more consistent.
analysis-note-grid-l2 = The published form on maps averaged over the cells of one coarse grid. Lower is more consistent.
analysis-note-chance-corrected = How much of the maps' variance the class explains: 0 where images of one class are looked at no more alike than images of different classes, 1 where all of a class have one map. Higher is more consistent.

# Figures.
analysis-kappa = Cohen’s kappa
analysis-epoch = epoch
analysis-lambda = lambda { $lambda }
analysis-higher-axis = { $measure } (higher: more consistent)
analysis-lower-axis = { $measure } (lower: more consistent)
analysis-scatter-chart = Scatter of kappa and { $measure }, a point per epoch.
analysis-scatter-title = { $dataset }: kappa and { $measure }
analysis-slope = slope { $slope }
analysis-all-models = all models
analysis-without = without { $model }
analysis-curve-chart = Line chart of { $quantity } over epochs.
analysis-curve-last = { $name }: { $mean } in epoch { $epoch }.
analysis-curve-title = { $subject }: { $quantity } over epochs

# Tables.
analysis-column-run = run
analysis-column-dataset = data set
analysis-column-model = model
analysis-column-lambda = lambda
analysis-column-seed = seed
analysis-column-epochs = epochs
analysis-column-runs = runs
analysis-column-mean-r = mean r
analysis-column-interval = interval
analysis-column-percent-interval = { $percent } % interval
analysis-column-bootstrap = bootstrap
analysis-column-sign-flip = sign-flip p
analysis-column-mean-rho = mean rho
analysis-column-changes = r of changes
analysis-column-worth = epochs worth
analysis-column-final-kappa = final kappa
analysis-column-best-kappa = best kappa
analysis-column-against = against
analysis-column-pairs = pairs
analysis-column-difference = difference
analysis-column-effect = effect g
analysis-column-p = p
analysis-column-holm = p (Holm)
analysis-column-measure = measure
analysis-column-median = median
analysis-column-others = others
analysis-column-ratio = ratio
analysis-correlations-title = Correlation of kappa and { $measure } over the epochs of a run
analysis-correlations-note = Mean of the runs’ Pearson r, with Student’s interval of Fisher’s z across runs and a bootstrap over runs. The sign-flip test takes runs as independent and cannot fall below 2 / 2^runs. “Epochs worth”: how many independent epochs a run’s are worth.
analysis-cells-title = Kappa by cell, over seeds
analysis-cells-note = The best epoch is chosen on the validation images, so it flatters.
analysis-lambdas-title = What lambda does to { $outcome }
analysis-lambdas-note = After the last epoch, against the baseline of the same seeds. Paired t-test, corrected by Holm over the lambdas and models of a data set; g is Hedges’ effect size of the paired differences.
analysis-offsets-title = Where each model’s values lie
analysis-offsets-note = Median over all epochs, against that of the other models. With l2 the size of the maps alone gives an offset.

# Sentences.
analysis-outcome-kappa = kappa
analysis-nothing = There are too few epochs with kappa to say anything.
analysis-variants = “All models together” counts variants of one model as if they were different models; runs of one seed are alike in both, so its intervals are too narrow: read the variants one by one.
analysis-subject = { $dataset }, { $model }
analysis-subject-lambda = { $dataset }, { $model }, lambda { $lambda }
analysis-all-together = all models together
analysis-no-evidence =
    { $runs ->
        [one] { $subject }: r = { $r } over 1 run; nothing is known of how runs differ, so this is no evidence.
       *[other] { $subject }: r = { $r } over { $runs } runs; nothing is known of how runs differ, so this is no evidence.
    }
analysis-r-figures = mean r = { $r } over { $runs } runs, { $percent } % interval { $interval }
analysis-no-relation = { $subject }: no relation of kappa and { $measure } is shown ({ $figures }); that does not show that there is none.
analysis-more-consistent = { $subject }: epochs of higher kappa are those of more consistent maps ({ $figures }).
analysis-less-consistent = { $subject }: epochs of higher kappa are those of less consistent maps ({ $figures }).
analysis-shared-trend = Their changes from epoch to epoch hardly go together, so it may be a shared trend of training.
analysis-not-confirmed = The sign-flip test does not confirm it (p { $p }; { $runs } runs cannot give less than { $least }).
analysis-extreme-epochs = The ranks agree much less (mean rho { $rho }): a few extreme epochs make the r.
analysis-rests-on-normal = That rests on differences being normally distributed; the sign-flip test, which does not, gives p { $p } ({ $pairs } pairs cannot give less than { $least }).
analysis-single-pair = { $subject }: { $outcome } changes by { $change } against lambda { $baseline } in a single pair of runs; it cannot be told from chance.
analysis-all-alike = { $subject }: { $outcome } changes by { $change } against lambda { $baseline } in all { $pairs } pairs alike.
analysis-effect = { $subject }: { $outcome } changes by { $change } against lambda { $baseline } ({ $pairs } pairs, interval { $interval }, corrected p { $p }).
analysis-no-effect = { $subject }: no effect on { $outcome } is shown ({ $change } over { $pairs } pairs, interval { $interval }, corrected p { $p }).

# What the data cannot bear.
analysis-caution-no-kappa = { $without } of { $runs } runs have no kappa and are left out.
analysis-caution-autocorrelated = Epochs of a run are autocorrelated: its { $epochs } epochs are worth { $effective } independent ones on average, and { $least } in { $dataset }, { $model }. Tests that take epochs as independent are too sure; read the intervals across runs.
analysis-caution-single-run =
    { $count ->
        [one] One correlation rests on a single run: nothing is known of how runs differ.
       *[other] { $count } correlations rest on a single run: nothing is known of how runs differ.
    }
analysis-caution-no-baseline = No lambda can be compared: no run of lambda { $baseline } to pair.
analysis-caution-single-seed =
    { $count ->
        [one] One comparison of lambdas rests on a single seed: a difference may be chance, and no test can tell.
       *[other] { $count } comparisons of lambdas rest on a single seed: a difference may be chance, and no test can tell.
    }
