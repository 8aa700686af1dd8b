### Remove and retrain: the part of mitsume analyze.

roar-heading = Remove and retrain (ROAR)
roar-lead = Networks trained anew on images without their most relevant pixels. If a map marks what the network needs, kappa falls further than after as many pixels taken at random. Pixels removed from smooth maps are whole areas; pixels taken one by one at random leave neighbours that tell what was there, so that random-map, which removes areas too, is the fairer comparison.
roar-title = { $model }: kappa after retraining
roar-caption = Mean of the runs with its interval (Student).
roar-removed = pixels removed, %
roar-note = Mean kappa on the test images of the same set, with Student’s interval over the runs (their number in brackets).
roar-differences-title = { $model }: differences from random orders
roar-differences-note = kappa after one order less kappa after the other, paired by seed. Below 0: the map’s pixels mattered more. Clearly above 0: the shape of what is missing tells the class. p of the paired t-test, not corrected for the number of comparisons.
roar-compared = compared
roar-sentence = { $model }: after removal by { $by } kappa is lower than after { $random } at { $lower } of { $shares } shares by an interval below 0, and higher at { $higher }.
