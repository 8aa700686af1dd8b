### The report of runs and evaluations.

# How a value stands among those of the other runs.
report-standing-best = best mean of { $seeds } seeds
report-standing-highest = highest; { $reason }
report-standing-lowest = lowest; { $reason }
report-standing-at-chance = not above chance
report-standing-one-class = one class only
report-standing-few-images = few images
report-standing-not-evaluated = not all evaluated
report-standing-data-differ = data differ
report-standing-epochs-differ = epochs differ
report-standing-methods-differ = methods differ
report-standing-sizes-differ = map sizes differ
report-standing-layers-differ = layers differ
report-standing-classes-differ = classes differ
report-standing-one-seed = one seed
report-standing-within-chance = within chance
report-standing-note = A best is named only where its mean over several seeds differs from every other beyond chance (paired t-tests, corrected p below 0.05); elsewhere the reason stands beside the highest or lowest value.
# What changes are against, where it is not one run.
report-baseline-of-each = the run without CAM loss of the same model and seed
# A change of a share, such as +1.5.
report-points = { $points } points

# A run's fact: validation images whose pixels equal a training image's.
report-leaks = leaks
report-leaks-value = { $images } of { $of } validation images are also training images (same pixels)
report-leaks-none = none: no validation image is also a training image
report-other-files = not taken as images
