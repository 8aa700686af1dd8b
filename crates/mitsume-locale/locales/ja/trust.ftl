### mitsume trust のページと文。

trust-lead = マップは、モデルが学習したことに依存しているか。モデルの判断の根拠を示しているか。対象物の上にあるか。
trust-found = 示されたことと、示されなかったこと
trust-randomised = 層のランダム化
trust-randomised-note = 出力に近い層から順に、学習した重みを乱数に置き換えていきます。それでも変わらないマップが示すのは、モデルの知識ではなく、画像の輪郭です（Adebayo et al. 2018）。
trust-stage = 段階
trust-down-to = ここまでランダム化
trust-spearman = Spearman
trust-spearman-absolute = その絶対値
trust-constant = 一定のマップ
trust-constant-note = 値は画像にわたる平均で、括弧内は 95 % ブートストラップ区間です。一定のマップとは、どこも同じ値のマップです。多くは、クラスのスコアを高めた場所がなく、全体が 0 になったものです。比べる模様がないので、枚数だけを数え、平均には含めません。
trust-single-images = 画像ごとのマップ
trust-single-images-note = いくつかのクラスで、調べた最初の画像のマップです。元のモデルによるものと、各段階のものを並べています。下の数値は、元のモデルのマップとの Spearman の順位相関です。
trust-image = 画像
trust-the-model = 元のモデル
trust-stage-number = 段階 { $stage }
trust-own-map = 元のモデルのマップ
trust-map-at-stage = 段階 { $stage } のマップ
trust-other-class = 別のクラス
trust-other-class-note = 同じ画像について、正解クラスのマップを、無作為に選んだ別のクラスのマップと比べます（ランダムロジット、Sixt et al. 2020）。Spearman の順位相関と SSIM の、画像にわたる平均で、括弧内は 95 % ブートストラップ区間です。クラスによらないマップでは 1 になります。random の行は、クラスを反映しない重みによるもので、1 です。値が小さいほど、マップはそのクラスのものです。どちらかのクラスのマップが一定（多くは全体が 0）の画像は、比べる模様がないので、枚数だけを数え、平均には含めません。
trust-single-class = モデルのクラスが一つだけなので、比べる別のクラスのマップがありません（ランダムロジットは定義されません）。
trust-noise = 雑音
trust-noise-note = 画像を見分けられないほど変えたときに、マップがどれだけ動くかを示します（最大感度、Yeh et al. 2019）。値は、差のノルムをマップのノルムで割ったもので、各画像に、黒から白までの幅の { $radius }（255 階調中 { $levels } 階調）以内の一様な雑音を加えた { $samples } 通りのうち最大のものです。画像にわたる平均で、括弧内は 95 % ブートストラップ区間です。0 ならマップは動かず、1 ならマップ全体と同じだけ動きます。小さいほど安定していますが、画像によらないマップはまったく動きません。
trust-largest-change = 最大の変化
trust-zero-maps = 全体が 0 のマップ
trust-removed = 画素の除去
trust-removed-note = 画素を除く、または加えるにつれて、正解クラスの確率がどう変わるかを示します。random の線は、同じ特徴マップにランダムな重みを付けたマップによるもので、特徴は反映しますが、クラスは反映しません。
trust-maps = マップ
trust-road-column = ROAD（大きいほど良い）
trust-deletion-column = 削除曲線の面積（小さいほど良い）
trust-insertion-column = 挿入曲線の面積（大きいほど良い）
trust-marked = マップが示す部分だけを残した場合
trust-drop-column = 平均低下（小さいほど良い）
trust-increase-column = 平均上昇（大きいほど良い）
trust-sparseness-column = スパース性（Gini）
trust-drop-note = 平均低下：画像にマップを掛けたときに失われる確率の割合。平均上昇：そのとき確率が上がった画像の割合（Chattopadhay et al. 2018）。どちらも広いマップほど有利なので、ランダムな重みによる対照や、マップのスパース性と併せて読んでください。スパース性は Gini 係数で、一様なマップでは 0、1 点だけのマップではほぼ 1 です。大きいほど良いというものではありません。
trust-objects = 対象物
trust-objects-note = 対象物のマスクと比べます。的中率：マップの最大の位置が対象物またはその近くにある画像の割合。偶然：画像のどこかを無作為に指した場合の的中率。重要度の割合：重要度のうち対象物の上にある割合で、対象物の面積の割合と比べるもの。上位画素の割合：対象物の画素数と同じ数だけ重要度の高い画素を選んだとき、対象物の上にある割合。random の行は、同じ特徴マップにランダムな重みを付けたもので、特徴だけでも対象物の上にあることがあります。
trust-images = 画像数
trust-pointing = 的中率
trust-by-chance = 偶然
trust-mass = 重要度の割合
trust-rank = 上位画素の割合
trust-object-share = 対象物の面積
trust-iou-half = IoU（最大値の半分以上）
trust-iou-area = IoU（対象物と同じ面積）
trust-made = 作成条件
trust-model = モデル
trust-layer = 対象層
trust-data = データ
trust-seed = シード
trust-made-note = mitsume { $version }。以上のどれも、モデルが正しいことを示すものではありません。マップは、誤ったモデルに忠実であることもあります。

# 冒頭の文。
trust-passes = マップは、モデルが学習したことによって変わります。すべての層をランダム化すると、元のモデルのマップとの順位相関は { $figure } になります。この検査から分かるのはそれだけで、学習された何かを映すマップなら、どれでも合格します。マップがモデルの判断の根拠を示していることも、モデルが正しい場所を見ていることも、示されてはいません。
trust-fails = マップは、モデルが学習したことにほとんど依存していません。すべての層をランダム化しても、元のモデルのマップとの順位相関は { $figure } です。このマップを、モデルの判断の根拠として読むことはできません。
trust-too-few = マップが、モデルの学習したことに依存するかどうかは、示されませんでした。画像が少なすぎます。10 枚以上で調べてください。
trust-mostly-constant = マップが、モデルの学習したことに依存するかどうかは、示されませんでした。すべての層をランダム化すると、ほとんどのマップが一定になります。
trust-across = マップが、モデルの学習したことに依存するかどうかは、示されませんでした。すべての層をランダム化したときの、元のモデルのマップとの順位相関は { $figure } で、0.5 の両側にまたがります。
trust-other-class-found = 同じ画像の、無作為に選んだ別のクラスについての { $method } のマップは、正解クラスのマップと順位相関 { $figure } です。クラスによらないマップでは 1 になります。{ $undefined ->
        [0] { "" }
       *[other] { $images } 枚のうち { $undefined } 枚は、どちらかのマップが一定なので除きました。
    }
trust-other-class-constant = { $method } のマップがクラスに依存するかどうかは、示されませんでした。どの画像でも、正解クラスのマップまたは別のクラスのマップが一定です。
trust-noise-found = 255 階調中 { $levels } 階調以内の雑音で、{ $method } のマップは、その強さに対して最大 { $own } だけ動きます（{ $samples } 通りのうち最大の値。ランダムな重みでは { $random }）。
trust-more-than-random = { $method } が重要とする画素を除くと、同じ特徴マップにランダムな重みを付けた場合よりも、予測が大きく変わります（ROAD は { $own }、ランダムな重みでは { $random }）。
trust-no-more-than-random = { $method } が重要とする画素を除いても、予測の変化は、同じ特徴マップにランダムな重みを付けた場合より大きくありません（ROAD は { $own }、ランダムな重みでは { $random }）。
trust-on-object = 対象物のある { $images } 枚のうち、マップが対象物またはその近くを指すものは { $pointing } です（無作為に指した場合は { $chance }）。対象物の上には重要度の { $mass } があります。対象物の面積は画像の { $share } です。
trust-skipped = 読めなかった画像 { $count } 枚は除きました。

# 図。
trust-chart = { $title }。折れ線グラフ。
trust-chart-line = { $label }：{ $from } から { $to }。
trust-chart-point = { $label }：{ $x } で { $y }
trust-similarity-title = 元のモデルのマップとの類似度
trust-similarity-caption = 上から下へ進むにつれて、ランダム化する層を 1 群ずつ、示した層まで増やしています。学習したことを示すマップなら、値が下がります。
trust-similarity = 類似度
trust-spearman-line = Spearman の順位相関
trust-ssim-line = 構造的類似度（SSIM）
trust-probability = 確率
trust-road-caption = 除いた画素は周囲の画素から補います。二つの線の端が離れているほど、良いマップです。
trust-pixels-removed = 除いた画素（%）
trust-most-first = { $method }：重要な画素から
trust-least-first = { $method }：重要でない画素から
trust-deletion = 削除
trust-deletion-caption = 重要な画素から順に除きます。良いマップでは、線が早く下がります。
trust-pixels-deleted = 除いた画素（%）
trust-insertion = 挿入
trust-insertion-caption = ぼかした画像に、重要な画素から順に加えます。良いマップでは、線が早く上がります。
trust-pixels-inserted = 加えた画素（%）
