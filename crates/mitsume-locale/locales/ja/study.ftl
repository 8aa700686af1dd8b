### 多数の学習をまとめたページ（mitsume analyze）。

# 個々の学習。
study-unfinished = 途中の学習が { $count } 件あります（{ $names }）。その最新のエポックが、完了した学習の最後のエポックと並べられています。
study-lambda-never-reached = λ が立ち上がる前に終わる学習が { $count } 件あります（{ $names }）。通常の学習と同じなので、λ = 0 として数えています。
study-repeating = 設定の違いが結果に影響しないため、ほかと最後の桁まで同じ学習が { $count } 件あります（{ $names }）。重複は 1 件として数えています。
