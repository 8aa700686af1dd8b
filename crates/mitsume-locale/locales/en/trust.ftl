### The page and the sentences of mitsume trust.
