### マルチラベルのモデルのページ。

multi-label-lead = 出力はそれぞれ独立した所見です。各所見をどれだけ正しく検出し、そのとき同じところを見ているでしょうか。
multi-label-found = { $model } は、{ $data } の画像 { $images } 枚から { $findings } 種の所見を検出し、平均 AUC は { $auc } です（1 は完全、0.5 は当て推量）。
multi-label-consistency = 実際にあり、検出された所見のマップと、その所見の平均マップとの差は、平均で { $squared } です（squared-l2、対象はマップ { $counted } 枚）。小さいほど一貫しており、モデルは同じ所見なら同じところを見ています。
multi-label-few = 対象のマップが { $least } 枚より少ない所見があります（{ $findings }）。別の画像では、一貫性が大きく変わるかもしれません。
multi-label-mean-auc = 平均 AUC
multi-label-mean-precision = 平均適合率の平均
multi-label-mean-f1 = 平均 F1
multi-label-findings = 所見
multi-label-precision = 平均適合率
multi-label-note = 「あり」は所見のある画像、「検出」はモデルが検出した画像、「両方」は対象となるマップの数です。ダッシュは、該当する画像がないか、すべての画像が該当するため、定義されない値です（平均には含めません）。↓ は小さいほど一貫していることを示します。
multi-label-mean-image-alt = { $finding } があり、検出された画像の平均
multi-label-no-mean-map = 所見のある画像で検出されたものがないため、平均マップはありません
multi-label-mean-caption = { $count } 枚の平均、squared-l2 { $deviation }
multi-label-mean-note = 左は、所見があり、検出された画像の平均です。右は、それに重ねた平均マップです。値と色の対応（0 から 1）：
multi-label-fact-threshold = 検出とする確率
multi-label-fact-loss = 二値交差エントロピー
multi-label-term-counted = 対象、一貫性
multi-label-counted-means = 画像には、その所見ごとにマップがあります。所見の平均マップは、所見があり、モデルが検出した画像についての平均です。一貫性は、これらのマップの、平均マップからの偏差の平均です。
multi-label-term-auc = AUC
multi-label-auc-means = ROC 曲線の下の面積。所見のある画像の確率が、ない画像の確率より高い割合です。しきい値によりません。
multi-label-term-precision = 平均適合率
multi-label-precision-means = あらゆるしきい値での適合率を、そこで再現率が増える分で重み付けした平均です。まれな所見では低くなり、当て推量なら、その所見の画像の割合になります。
multi-label-term-f1 = F1
multi-label-f1-means = しきい値での適合率と再現率の調和平均です。
