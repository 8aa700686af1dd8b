### 学習と評価の報告書。

# 他の学習と比べた値の位置。
report-standing-best = シード { $seeds } 個の平均で最良
report-standing-highest = 最大。{ $reason }
report-standing-lowest = 最小。{ $reason }
report-standing-at-chance = 偶然を超えない
report-standing-one-class = 1 クラスのみ
report-standing-few-images = 画像が少ない
report-standing-not-evaluated = 未評価あり
report-standing-data-differ = データが異なる
report-standing-epochs-differ = エポック数が異なる
report-standing-methods-differ = マップの手法が異なる
report-standing-sizes-differ = マップの大きさが異なる
report-standing-layers-differ = 層が異なる
report-standing-classes-differ = クラスが異なる
report-standing-one-seed = シード 1 個のみ
report-standing-within-chance = 偶然の範囲
report-standing-note = 「最良」は、複数のシードの平均がほかのどれとも偶然を超えて異なるとき（対応のある t 検定、補正後の p が 0.05 未満）だけに付けます。それ以外では、最大または最小の値のそばに理由を示します。
# 変化の基準が一つの学習でない場合。
report-baseline-of-each = 同じモデル・同じシードの、CAM 損失なしの学習
# 割合の変化（例: +1.5）。
report-points = { $points } ポイント

# 検証画像のうち、画素が学習画像と一致するもの。
report-leaks = データの重複
report-leaks-value = 検証画像 { $of } 枚のうち { $images } 枚が学習画像と同一です（画素が一致）
report-leaks-none = なし（学習画像と同一の検証画像はありません）
report-other-files = 画像として扱わないファイル
