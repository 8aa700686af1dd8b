### 多数の実行をまとめたページ（mitsume analyze）。

# 個々の実行。
study-unfinished = 途中の実行が { $count } 件あります（{ $names }）。これまでの最後のエポックの値を、完了した実行の最後のエポックの値と並べています。
study-lambda-never-reached = lambda が上がり始める前に終わる実行が { $count } 件あります（{ $names }）。通常の学習と同じなので、lambda 0 として数えています。
study-repeating = 結果に影響しない設定だけが異なり、ほかの実行と最後の桁まで同じ実行が { $count } 件あります（{ $names }）。同じ結果は一つと数えています。

study-lead = 各実行のエポックを通して、視線一貫性は kappa とともに変わるか。一貫性のための学習で、何が変わるか。
study-shown = データから言えることと、言えないこと
study-scatters = kappa と視線一貫性
study-scatters-note = 点は、各実行の各エポックです。線は最小二乗直線で、色の付いた線は同じ色の点、灰色の線は全モデルの点によるものです。
study-curves = 推移
study-curves-over-epochs = エポックごとの推移
study-curves-note = 線は実行の平均、帯は最小の実行から最大の実行までの範囲です。
study-tables = 表
study-runs = 実行の一覧
study-runs-note = 完了した実行には、それぞれのレポートがあります。図は figures フォルダに、数値は analysis.json にあります。
study-reading = 読み方
study-reading-page = このページの読み方
study-reading-r = 一つの実行のエポックにわたる Pearson の相関と、順位に基づく Spearman の相関です。平均は実行にわたるもので、区間は実行どうしの違いを表します。一つの実行のエポックを独立とはみなしません。
study-reading-changes = エポックから次のエポックへの変化どうしの相関です。学習曲線の多くがそうであるように、二つの曲線が同じ傾向をたどるだけなら、0 に近くなります。
study-reading-worth = エポックは連続しているので、隣どうしは似ています。独立なエポックがこの数だけある場合と、情報の量は同じです。
study-reading-holm = 偶然だけでこれ以上の差が出る確率を、データセット内の比較の数で補正したものです。0.05 を超えるときは、効果があることも、ないことも示されていません。
study-r-and-rho = r、ρ
study-made-by = mitsume { $version } で作成。このページはネットワークから何も読み込みません。

# 尺度。
study-measure-of-table = 視線一貫性
study-measure-grid-squared-l2 = 共通の格子上の squared-l2
study-measure-grid-l2 = 共通の格子上の l2
study-measure-chance-corrected = 偶然を補正した一貫性
study-note-of-table = 表の consistency 列の値です。小さいほど一貫しています。
study-note-squared-l2 = 定義（式 9、10）どおりの、クラス平均マップからの二乗偏差の平均です。小さいほど一貫しています。
study-note-l2 = 公開コードの形です。マップを細かく標本化するほど値が小さくなるため、マップの大きさが異なるモデルどうしは比べられません。小さいほど一貫しています。
study-note-grid-squared-l2 = マップを共通の粗い格子の升目ごとに平均してから、定義の値を求めます。マップの大きさが異なるモデルどうしも比べられます。小さいほど一貫しています。
study-note-grid-l2 = マップを共通の粗い格子の升目ごとに平均してから、公開コードの形の値を求めます。小さいほど一貫しています。
study-note-chance-corrected = マップの分散のうち、クラスで説明される割合です。同じクラスの画像どうしの見方が、異なるクラスの画像どうしと同じ程度にしか似ていなければ 0、クラスごとにマップが一つに決まれば 1 です。大きいほど一貫しています。

# 図。
study-kappa = Cohen の kappa
study-epoch = エポック
study-lambda = lambda { $lambda }
study-higher-axis = { $measure }（大きいほど一貫）
study-lower-axis = { $measure }（小さいほど一貫）
study-scatter-chart = kappa と { $measure } の散布図。点は各エポック。
study-scatter-title = { $dataset }：kappa と { $measure }
study-slope = 傾き { $slope }
study-all-models = 全モデル
study-without = { $model } を除く
study-curve-chart = { $quantity } のエポックごとの折れ線グラフ。
study-curve-last = { $name }：エポック { $epoch } で { $mean }。
study-curve-title = { $subject }：{ $quantity } の推移

# 表。
study-column-run = 実行
study-column-dataset = データセット
study-column-model = モデル
study-column-lambda = lambda
study-column-seed = シード
study-column-epochs = エポック数
study-column-runs = 実行数
study-column-mean-r = r の平均
study-column-interval = 区間
study-column-percent-interval = { $percent } % 区間
study-column-bootstrap = ブートストラップ
study-column-sign-flip = 符号反転検定の p
study-column-mean-rho = ρ の平均
study-column-changes = 変化の r
study-column-worth = 有効エポック数
study-column-final-kappa = 最後の kappa
study-column-best-kappa = 最良の kappa
study-column-against = 比較対象
study-column-pairs = 対の数
study-column-difference = 差
study-column-effect = 効果量 g
study-column-p = p
study-column-holm = p（Holm）
study-column-measure = 尺度
study-column-median = 中央値
study-column-others = ほかのモデル
study-column-ratio = 比
study-correlations-title = 各実行のエポックにわたる kappa と { $measure } の相関
study-correlations-note = 各実行の Pearson の r の平均です。区間は、実行にわたる Fisher の z についての t 区間と、実行のブートストラップによるものです。符号反転検定は実行を独立とみなし、p は 2 / 2^実行数 より小さくなりません。有効エポック数は、一つの実行のエポックが、独立な何エポック分にあたるかを表します。
study-cells-title = 条件ごとの kappa（シードにわたる）
study-cells-note = 最良のエポックは検証画像で選んでいるため、値は実際より良く見えます。
study-lambdas-title = lambda による { $outcome } の変化
study-lambdas-note = 最後のエポックの値を、同じシードのベースラインと比べます。対応のある t 検定で、データセット内の lambda とモデルについて Holm 法で補正しています。g は、対の差についての Hedges の効果量です。
study-offsets-title = モデルごとの値の水準
study-offsets-note = 全エポックの中央値を、ほかのモデルの中央値と比べます。l2 では、マップの大きさの違いだけでも差が生じます。

# 文。
study-outcome-kappa = kappa
study-nothing = kappa のあるエポックが少なすぎるため、何も言えません。
study-variants = 「全モデルまとめて」では、一つのモデルの設定違いを、別々のモデルとして数えています。同じシードの実行はどちらの設定でも似ているため、その区間は狭すぎます。設定ごとの値を読んでください。
study-subject = { $dataset }、{ $model }
study-subject-lambda = { $dataset }、{ $model }、lambda { $lambda }
study-all-together = 全モデルまとめて
study-no-evidence = { $subject }：実行 { $runs } 件で r = { $r } です。実行どうしの違いが分からないため、根拠にはなりません。
study-r-figures = 実行 { $runs } 件の r の平均 { $r }、{ $percent } % 区間 { $interval }
study-no-relation = { $subject }：kappa と { $measure } の関係は示されていません（{ $figures }）。関係がないことが示されたわけでもありません。
study-more-consistent = { $subject }：kappa の高いエポックほど、マップが一貫しています（{ $figures }）。
study-less-consistent = { $subject }：kappa の高いエポックほど、マップの一貫性が低くなっています（{ $figures }）。
study-shared-trend = エポック間の変化どうしはほとんど連動しないため、学習に伴う共通の傾向にすぎない可能性があります。
study-not-confirmed = 符号反転検定では確認できません（p = { $p }。実行 { $runs } 件では { $least } より小さくなりません）。
study-extreme-epochs = 順位の相関はずっと弱く（ρ の平均 { $rho }）、r は少数の極端なエポックによるものです。
study-rests-on-normal = これは差が正規分布に従うことを前提としています。その前提を置かない符号反転検定では p = { $p } です（{ $pairs } 対では { $least } より小さくなりません）。
study-single-pair = { $subject }：{ $outcome } の変化は、lambda { $baseline } に比べて { $change } です。ただし、対になる実行は 1 組だけで、偶然と区別できません。
study-all-alike = { $subject }：{ $outcome } の変化は、lambda { $baseline } に比べて、{ $pairs } 対のすべてで同じ { $change } です。
study-effect = { $subject }：{ $outcome } の変化は、lambda { $baseline } に比べて { $change } です（{ $pairs } 対、区間 { $interval }、補正後の p = { $p }）。
study-no-effect = { $subject }：{ $outcome } への効果は示されていません（{ $pairs } 対で { $change }、区間 { $interval }、補正後の p = { $p }）。

# データの限界。
study-caution-no-kappa = { $runs } 件の実行のうち { $without } 件には kappa がないため、除いています。
study-caution-autocorrelated = 一つの実行のエポックには自己相関があります。{ $epochs } エポックは、平均で独立な { $effective } エポック分、{ $dataset }、{ $model } では { $least } エポック分の情報しかありません。エポックを独立とみなす検定は、確かさを過大に評価します。実行にわたる区間を読んでください。
study-caution-single-run = { $count } 個の相関は、実行 1 件だけによるものです。実行どうしの違いは分かりません。
study-caution-no-baseline = lambda を比べられません。対になる lambda { $baseline } の実行がありません。
study-caution-single-seed = { $count } 個の lambda の比較は、シード 1 個だけによるものです。差は偶然かもしれず、検定もできません。
