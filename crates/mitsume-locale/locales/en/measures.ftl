# What measures of consistency are called, on pages and in the terminal: measure-NAME for each NAME of docs/measures.md.
# ↓ lower, ↑ higher is more consistent.

measure-grid-squared-l2 = squared-l2 on the grid ↓
measure-grid-l2 = l2 on the grid ↓
measure-chance-corrected = chance-corrected ↑
measure-chance-p = … its permutation p
measure-cosine = 1 − cosine ↓
measure-jensen-shannon = Jensen-Shannon, bits ↓
measure-earth-mover = earth mover’s, on the grid ↓
measure-pearson = 1 − Pearson ↓
measure-ssim = 1 − SSIM ↓
measure-region-iou = 1 − IoU of regions ↓
measure-pairwise-soft-iou = 1 − soft IoU of pairs ↓
measure-pairwise-soft-iou-error = … its standard error
measure-pairwise-ssim = 1 − SSIM of pairs ↓
measure-pairwise-ssim-error = … its standard error
measure-complexity = complexity, nats (a control)
