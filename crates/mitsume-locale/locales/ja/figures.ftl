### 図と画像の中の文字。

## エポックに対する折れ線グラフ

figures-epoch = エポック
figures-epoch-value = エポック { $epoch }：{ $value }
figures-line-chart = { $title }。エポックに対する折れ線グラフ。
figures-line-ends = { $label }：エポック { $first } で { $from }、エポック { $last } で { $to }。
figures-line-empty = { $label }：値なし。
