### The report of runs and evaluations.
