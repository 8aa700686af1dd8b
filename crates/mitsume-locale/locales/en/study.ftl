### The page of many runs (mitsume analyze).
