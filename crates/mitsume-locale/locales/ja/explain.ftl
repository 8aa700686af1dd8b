### mitsume explain のページ。

explain-lead = 各画像と、モデルが予測したクラスについての注目領域です。クリックすると大きな図が開きます。すべての数値は、このページと同じフォルダの explained.csv にあります。
explain-predicted = 予測クラス
explain-count = 画像数
explain-failed = 説明できなかった画像：{ $count } 件
explain-images = モデルの注目領域
explain-deviation = 各画像の下の数値は、比較対象の評価のクラス平均マップからの視線偏差です。小さいほど、そのクラスに典型的な視線です。
explain-first = 最初の { $shown } 枚を表示しています。残りは explained.csv にあります。
explain-overlay = { $name }：モデルの注目領域
explain-map-of = { $class } のマップ、{ $probability }
explain-made = 作成条件
explain-caution = mitsume { $version }。分類モデルの説明は診断ではありません。また、モデルが正しいことを示すものでもありません。
explain-fact-layer = 対象層
explain-fact-maps = マップの手法
explain-fact-size = 画像の大きさ
explain-fact-map-size = マップの大きさ
explain-fact-reference = 比較対象
explain-flip = { $method }、左右反転画像との平均

## 画像ごとの図の中

explain-panel-input = 入力画像
explain-panel-overlay = モデルの注目領域
explain-panel-mean = クラス平均マップ
explain-panel-difference = 差
explain-panel-predicted = 予測
explain-panel-map-of = マップの対象
explain-panel-deviation = クラス平均マップからの視線偏差：squared-l2 { $squared }、l2 { $l2 }
explain-panel-typical = 小さいほど、そのクラスに典型的な視線です
explain-panel-border = 画像の周縁の割合
explain-panel-background = 何も写っていない背景の割合
explain-panel-even = 一様なマップでは { $area }
explain-panel-escaped = この図のフォントにない文字
