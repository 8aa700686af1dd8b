### 言語の名前と、複数のページやコマンドで使う語句。

language-name = 日本語
# 画像の枚数。
language-images = 画像 { $count } 枚
# ページの先頭にある、キーボードと画面読み上げのためのリンク。
language-skip-to-summary = 要約へ移動
language-parts-of-page = このページの内容
language-summary = 要約
