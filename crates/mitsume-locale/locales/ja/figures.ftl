### 図と画像の中の文字。

## エポックに対する折れ線グラフ

figures-epoch = エポック
figures-epoch-value = エポック { $epoch }：{ $value }
figures-line-chart = { $title }。エポックに対する折れ線グラフ。
figures-line-ends = { $label }：エポック { $first } で { $from }、エポック { $last } で { $to }。
figures-line-empty = { $label }：値なし。

# 図と表の保存。{ $title } は図や表の題、{ $format } は SVG、PNG、CSV、LaTeX のいずれか。
figures-save = 保存
figures-save-title = 保存：{ $title }
figures-save-as = 「{ $title }」を { $format } で保存
figures-png-width = PNG の幅（ピクセル）
# 列の数値の下に小さく書かれたものの見出し。
figures-column-note = { $column }（補足）
