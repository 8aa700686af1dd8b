# 一貫性の尺度の名前（ページと端末で使う）。docs/measures.ja.md の名前ごとに measure-NAME。
# ↓ は小さいほど、↑ は大きいほど一貫している。

measure-grid-squared-l2 = 格子上の squared-l2 ↓
measure-grid-l2 = 格子上の l2 ↓
measure-chance-corrected = 偶然を補正した一貫性 ↑
measure-chance-p = … その並べ替え検定の p
measure-cosine = 1 − コサイン類似度 ↓
measure-jensen-shannon = Jensen-Shannon（ビット）↓
measure-earth-mover = earth mover’s（格子上）↓
measure-pearson = 1 − Pearson の r ↓
measure-ssim = 1 − SSIM ↓
measure-region-iou = 1 − 領域の IoU ↓
measure-pairwise-soft-iou = 1 − 対の soft IoU ↓
measure-pairwise-soft-iou-error = … その標準誤差
measure-pairwise-ssim = 1 − 対の SSIM ↓
measure-pairwise-ssim-error = … その標準誤差
measure-complexity = 複雑さ（ナット、対照）
