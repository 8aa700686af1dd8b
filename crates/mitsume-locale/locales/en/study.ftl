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
