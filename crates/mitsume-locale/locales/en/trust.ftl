### The page and the sentences of mitsume trust.

trust-lead = Do the maps depend on what the model learnt, do they show what it depends on, and do they lie on the object?
trust-found = What was shown, and what was not
trust-randomised = Randomised layers
trust-randomised-note = From the logits down, more and more layers lose what they learnt. A map that stays the same shows edges of the image, not what the model knows (Adebayo et al. 2018).
trust-stage = Stage
trust-down-to = Randomised down to
trust-spearman = Spearman
trust-spearman-absolute = its absolute value
trust-constant = Constant maps
trust-constant-note = Means over images, in brackets 95 % bootstrap intervals. A constant map has the same value everywhere, mostly 0 because nothing raised the class's score: it has no pattern to compare, so it is counted here and left out of the means.
trust-single-images = Single images
trust-single-images-note = The first image tested of some classes: its map from the model as it is, and at each stage; below each, Spearman's correlation with the model's own.
trust-image = Image
trust-the-model = The model
trust-stage-number = Stage { $stage }
trust-own-map = the model's own map
trust-map-at-stage = map at stage { $stage }
trust-other-class = Another class
trust-other-class-note = The map of the label against that of another class, drawn at random, of the same image (random logit, Sixt et al. 2020): Spearman's correlation and structural similarity, means over images, in brackets 95 % bootstrap intervals. Maps that ignore the class are at 1, as the row called random is, whose weights know no class; the lower, the more a map is of its class. A constant map of either class, often all 0, has no pattern to compare: it is counted and in no mean.
trust-single-class = The model has a single class, so there is no map of another class to compare with (random logit is not defined).
trust-noise = Noise
trust-noise-note = How far a map moves when its image is changed imperceptibly (max-sensitivity, Yeh et al. 2019): the norm of the difference over the norm of the map, the largest of { $samples } copies of each image with uniform noise of at most { $radius } of the range from black to white ({ $levels } of 255 grey levels). Mean over images, in brackets the 95 % bootstrap interval. 0: the map stays; 1: it moves by as much as there is of it. The smaller the steadier; but a map that does not depend on the image does not move at all.
trust-largest-change = Largest change
trust-zero-maps = Maps that are all zero
trust-moved = Moved images
trust-moved-note = Each image is flipped, or shifted by whole cells of the map, and explained anew for the same class; the repeated edge comes in where a shift uncovers the image. Moved back: mean rank correlation of that map, moved back, with the first one, where both show the image; 1: the map moves with the image. In place: the same without moving it back. Where this is as high, the map shows a place of the frame, or the image looks the same when it is moved. In brackets the 95 % bootstrap interval over images. An ordinary network does not follow flips by its construction, only by its training.
trust-movement = Movement
trust-moved-back = Moved back
trust-in-place = In place
trust-flip-horizontally = flipped left to right
trust-flip-vertically = flipped top to bottom
trust-shift-right = shifted right by { $pixels } px
trust-shift-down = shifted down by { $pixels } px
trust-removed = Removed pixels
trust-removed-note = Probability of the label as pixels go or come; the lines called random are of the same feature maps weighted at random, which know the features but not the class.
trust-maps = Maps
trust-road-column = ROAD (larger is better)
trust-deletion-column = Deletion area (smaller)
trust-insertion-column = Insertion area (larger)
trust-marked = What is left of the marked part
trust-drop-column = Average drop (smaller)
trust-increase-column = Average increase (larger)
trust-sparseness-column = Sparseness (Gini)
trust-drop-note = Average drop: share of the probability that is lost when the image is multiplied by its map. Average increase: share of the images whose probability rises then (Chattopadhay et al. 2018). Broad maps do well in both: read them beside the random control and beside the sparseness of the maps, their Gini index, which is 0 for an even map and near 1 for a single point, and is neither good nor bad.
trust-objects = Objects
trust-objects-note = Against masks of the objects. Mass: share of the relevance on the object, to be compared with the object's share of the image. Rank: of as many most relevant pixels as the object has, the share on it. By chance: pointing anywhere in the image. The row called random is of the same feature maps weighted at random: features alone may lie on the object.
trust-images = Images
trust-pointing = Pointing
trust-by-chance = by chance
trust-mass = Mass
trust-rank = Rank
trust-object-share = Object's share
trust-iou-half = IoU at half
trust-iou-area = IoU at its area
trust-made = How it was made
trust-model = Model
trust-layer = Layer
trust-data = Data
trust-seed = Seed
trust-made-note = mitsume { $version }. None of this says that a model is right: maps can be faithful to a model that is wrong.

# The sentence at the top.
trust-passes = The maps change with what the model learnt: with all layers drawn anew, their rank correlation with the model's own is { $figure }. That alone is shown by this test, and maps of anything learnt would do as well: it does not show that they mark what the model decides by, nor that the model looks at the right place.
trust-fails = The maps hardly depend on what the model learnt: with all layers drawn anew, their rank correlation with the model's own is still { $figure }. They cannot be read as its reasons.
trust-too-few = Whether the maps depend on what the model learnt is not shown: there are too few images. Test ten or more.
trust-mostly-constant = Whether the maps depend on what the model learnt is not shown: with all layers drawn anew, most of them are constant.
trust-across = Whether the maps depend on what the model learnt is not shown: with all layers drawn anew, their rank correlation with the model's own is { $figure }, on both sides of 0.5.
trust-other-class-found = Maps of { $method } for another class of the same image, drawn at random, have a rank correlation of { $figure } with those of the label; maps that ignore the class are at 1.{ $undefined ->
        [0] { "" }
       *[other] { " " }Of { $undefined } of { $images } images one of the two maps is constant, and they are left out.
    }
trust-other-class-constant = Whether maps of { $method } depend on the class is not shown: for every image the map of the label or that of the other class is constant.
trust-noise-found = Noise of at most { $levels } of 255 grey levels moves maps of { $method } by up to { $own } of their strength, the largest of { $samples } tries (random weights: { $random }).
trust-stays-in-place = When the image is { $movement }, maps of { $method } are at least as much like the first ones in place (rank correlation { $place }) as moved back ({ $back }): they show a place of the frame, or the image looks the same when it is moved.
trust-more-than-random = Removing pixels that { $method } calls relevant changes the prediction more than removing those of the same features weighted at random: ROAD { $own } against { $random }.
trust-no-more-than-random = Removing pixels that { $method } calls relevant changes the prediction no more than removing those of the same features weighted at random: ROAD { $own } against { $random }.
trust-on-object = Of { $images } images with an object, { $pointing } of the maps point at it or near it ({ $chance } pointing anywhere); { $mass } of the relevance lies on it, which covers { $share } of the image.
trust-skipped =
    { $count ->
        [one] One image could not be read and was left out.
       *[other] { $count } images could not be read and were left out.
    }

# Figures.
trust-chart = { $title }. Line chart.
trust-chart-line = { $label }: from { $from } to { $to }.
trust-chart-point = { $label }: { $y } at { $x }
trust-similarity-title = Similarity to the model's own maps
trust-similarity-caption = From top to bottom, one more group of layers is drawn anew, down to the layer named. A map that shows what was learnt falls.
trust-similarity = similarity
trust-spearman-line = Spearman's correlation
trust-ssim-line = structural similarity
trust-probability = probability
trust-road-caption = Removed pixels are filled in from their neighbours. The wider apart the two ends, the better.
trust-pixels-removed = pixels removed, %
trust-most-first = { $method }: most relevant first
trust-least-first = { $method }: least relevant first
trust-deletion = Deletion
trust-deletion-caption = Most relevant pixels go first: a good map's line falls early.
trust-pixels-deleted = pixels deleted, %
trust-insertion = Insertion
trust-insertion-caption = Most relevant pixels come first, onto the blurred image: a good map's line rises early.
trust-pixels-inserted = pixels inserted, %
