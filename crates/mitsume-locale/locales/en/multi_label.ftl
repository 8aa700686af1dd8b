### The page of multi-label models.

multi-label-lead = Each output is a finding by itself. How well is each found, and does the model look at the same place for it?
multi-label-found = { $model } finds { $findings ->
        [one] one finding
       *[other] { $findings } findings
    } in the { $images } images of { $data } with a mean AUC of { $auc } (1 is perfect, 0.5 is guessing).
multi-label-consistency = On average the map of a finding that is there and found differs from the finding’s mean map by { $squared } (squared-l2, over { $counted } maps). Lower is more consistent: the model looks at the same place for the same finding.
multi-label-few = Fewer than { $least } maps are counted of { $findings }: their consistency may be quite different with other images.
multi-label-mean-auc = Mean AUC
multi-label-mean-precision = Mean average precision
multi-label-mean-f1 = Mean F1
multi-label-findings = Findings
multi-label-precision = Average precision
multi-label-note = “With it”: images that have the finding; “found in”: images in which the model finds it; “both” are the maps that are counted. A dash: not defined, because there is no such image or every image is one; means leave it out. ↓ lower is more consistent.
multi-label-mean-image-alt = Mean of the images that have { $finding } and in which it is found
multi-label-no-mean-map = found in no image that has it, so no mean map
multi-label-mean-caption = mean of { $count }; squared-l2 { $deviation }
multi-label-mean-note = Left: mean of the images that have the finding and in which it is found. Right: its mean map over it, from 0 to 1:
multi-label-fact-threshold = found from probability
multi-label-fact-loss = binary cross-entropy
multi-label-term-counted = Counted, consistency
multi-label-counted-means = An image has a map of each of its findings. A finding’s mean map is over the images that have it and in which the model finds it; the consistency is the mean deviation of these maps from their mean maps.
multi-label-term-auc = AUC
multi-label-auc-means = Area under the ROC curve: how often an image with the finding has a higher probability than one without it. It does not depend on the threshold.
multi-label-term-precision = Average precision
multi-label-precision-means = The precision at every possible threshold, weighted by how much recall grows there. A rare finding lowers it; guessing gives the finding’s share of the images.
multi-label-term-f1 = F1
multi-label-f1-means = Harmonic mean of precision and recall at the threshold.
