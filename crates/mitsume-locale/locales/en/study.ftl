### Which measure deserves trust: the part of mitsume analyze.

study-title = Which measure deserves trust
study-lead = Do the measures order the runs alike, and as kappa and localisation do? Which of them call maps that mean nothing as consistent as the models’ own? Agreement is Kendall’s tau-b: runs are compared only with runs of the same data set and model, so that what a model shifts as a whole is not taken for agreement. Every measure is turned so that + means: more consistent goes with better.
study-pointing = pointing
study-mass = mass on the object
study-rank = rank accuracy
study-none = none
study-too-few = too few runs
study-constant = all equal
study-column-with = with { $outcome }
study-column-fails = fails: { $control }
study-column-order = models, best or most consistent first (mean)
study-trust-title = Each measure against kappa, localisation and controls
study-trust-note = tau with the interval of a bootstrap of the runs within their data set and model, over { $runs } runs; with few runs in each the intervals are too narrow. kappa is of the held-out images. “fails”: runs in which the measure calls the control at least as consistent as the model’s own maps, of those with a verdict (mitsume controls --out RUN/controls). Localisation is there where that was given masks. Complexity is a control: + means that more concentrated maps go with better.
study-strata-title = Agreement with kappa, by data set and model
study-strata-note = The number of runs is in brackets. With fewer than 5 runs nothing is computed.
study-orders-title = How the measures order models
study-orders-note = Means over the runs of each model. The value of squared-l2, l2 and the pixelwise distances depends on the size of the maps, so that models with maps of different size compare by the measures on the grid only.
study-heat-map-title = Kendall’s tau between quantities over all runs
study-heat-map-caption = Blue: both order the runs alike; red: the other way round. Runs are compared within data set and model.
study-sentence-runs = { $runs ->
    [one] One run
   *[other] { $runs } runs
 } of { $strata ->
    [one] one data set and model
   *[other] { $strata } pairs of data set and model
 } are compared by { $of ->
    [evaluation] the evaluations at their ends
   *[other] their last epochs
 }. Of intervals of { $percent } % that are each computed by itself, one in twenty may leave out 0 by chance.
study-sentence-outcome = With { $outcome } agree, by an interval above 0: { $with }. Against it, by an interval below 0: { $against }. Not decided: { $neither }.
study-sentence-controls = Controls were measured in { $runs ->
    [one] one run
   *[other] { $runs } runs
 }.
study-sentence-control = { $control } (judged in { $runs }): fails in most runs: { $most }. Fails in none: { $never }.
study-sentence-stands = Measures that agree with kappa and fail no control in most runs: { $names }.
study-sentence-none-stands = No measure both agrees with kappa and passes every control in most runs.
study-all = all { $count }
study-all-but = all but { $names }
study-lambda-title = The same, runs compared only with runs of the same lambda
study-lambda-note = What lambda does to both is left out here: training for consistency makes maps more consistent, and may change kappa and localisation by itself.
