### 言語の名前と、複数のページやコマンドで使う語句。

language-name = 日本語
# 画像の枚数。
language-images = 画像 { $count } 枚
