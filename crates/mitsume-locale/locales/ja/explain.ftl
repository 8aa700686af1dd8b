### The page of mitsume explain.

explain-skip = 画像へ移動
explain-lead = 各画像と、モデルが予測したクラスについて注視している領域です。クリックすると大きな画像が開きます。すべての数値は、このページと同じフォルダの explained.csv にあります。
explain-predicted = 予測クラス
explain-count = 枚数
explain-failed = 説明できなかった画像: { $count } 件
explain-images = モデルの注視領域
explain-deviation = 各画像の下の数値は、参照した評価のクラス平均マップからの視線偏差です。小さいほど、そのクラスに典型的な注視です。
explain-first = 最初の { $shown } 枚を表示しています。残りは explained.csv にあります。
explain-overlay = { $name }: モデルの注視領域
explain-map-of = { $class } のマップ、{ $probability }
explain-made = 作成条件
explain-caution = 分類モデルの説明は診断ではありません。また、モデルが正しいことを示すものでもありません。
explain-fact-layer = 層
explain-fact-maps = マップ
explain-fact-size = 画像の大きさ
explain-fact-map-size = マップの大きさ
explain-fact-reference = 比較対象
explain-fact-overrides = 学習時と異なる設定
explain-flip = { $method }、左右反転画像との平均
