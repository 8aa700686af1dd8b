### 多数の学習をまとめたページ（mitsume analyze）。
