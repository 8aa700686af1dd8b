### 除去と再学習。mitsume analyze の一部。

roar-heading = 除去と再学習（ROAR）
roar-lead = 重要な画素を除いた画像で学習し直したネットワークです。マップがネットワークに必要なものを示していれば、同じ数の画素をランダムに除いたときより kappa は大きく下がります。滑らかなマップで除くと面が失われますが、画素を一つずつランダムに除くと、隣の画素から元の様子がわかります。面を除く random-map との比較のほうが公平です。
roar-title = { $model }：再学習後の kappa
roar-caption = 実行の平均とその区間（Student）です。
roar-removed = 除いた画素（%）
roar-note = 同じ組のテスト画像での kappa の平均と、実行にわたる Student の区間です（括弧内は実行の数）。
roar-differences-title = { $model }：ランダムな順との差
roar-differences-note = 一方の順で除いた後の kappa から、他方の後の kappa を引いた差で、シードごとに対応させています。0 より下なら、マップの示す画素のほうが重要でした。はっきり 0 より上なら、欠けた部分の形からクラスがわかっています。p は対応のある t 検定で、比較の数による補正はしていません。
roar-compared = 比較
roar-sentence = { $model }：{ $by } で除いた後の kappa は、{ $shares } 通りの割合のうち { $lower } 通りで { $random } の後より低く（区間が 0 より下）、{ $higher } 通りで高くなりました。
