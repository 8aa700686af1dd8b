### 多数の実行をまとめたページ（mitsume analyze）。

# 個々の実行。
analysis-unfinished = 途中の実行が { $count } 件あります（{ $names }）。これまでの最後のエポックの値を、完了した実行の最後のエポックの値と並べています。
analysis-lambda-never-reached = lambda が上がり始める前に終わる実行が { $count } 件あります（{ $names }）。通常の学習と同じなので、lambda 0 として数えています。
analysis-repeating = 結果に影響しない設定だけが異なり、ほかの実行と最後の桁まで同じ実行が { $count } 件あります（{ $names }）。同じ結果は一つと数えています。

analysis-lead = 各実行のエポックを通して、視線一貫性は kappa とともに変わるか。一貫性のための学習で、何が変わるか。
analysis-shown = データから言えることと、言えないこと
analysis-scatters = kappa と視線一貫性
analysis-scatters-note = 点は、各実行の各エポックです。線は最小二乗直線で、色の付いた線は同じ色の点、灰色の線は全モデルの点によるものです。
analysis-curves = 推移
analysis-curves-over-epochs = エポックごとの推移
analysis-curves-note = 線は実行の平均、帯は最小の実行から最大の実行までの範囲です。
analysis-tables = 表
analysis-runs = 実行の一覧
analysis-runs-note = 完了した実行には、それぞれのレポートがあります。図は figures フォルダに、数値は analysis.json にあります。
analysis-reading = 読み方
analysis-reading-page = このページの読み方
analysis-reading-r = 一つの実行のエポックにわたる Pearson の相関と、順位に基づく Spearman の相関です。平均は実行にわたるもので、区間は実行どうしの違いを表します。一つの実行のエポックを独立とはみなしません。
analysis-reading-changes = エポックから次のエポックへの変化どうしの相関です。学習曲線の多くがそうであるように、二つの曲線が同じ傾向をたどるだけなら、0 に近くなります。
analysis-reading-worth = エポックは連続しているので、隣どうしは似ています。独立なエポックがこの数だけある場合と、情報の量は同じです。
analysis-reading-holm = 偶然だけでこれ以上の差が出る確率を、データセット内の比較の数で補正したものです。0.05 を超えるときは、効果があることも、ないことも示されていません。
analysis-r-and-rho = r、ρ
analysis-made-by = mitsume { $version } で作成。このページはネットワークから何も読み込みません。

# 尺度。
analysis-measure-of-table = 視線一貫性
analysis-measure-grid-squared-l2 = 共通の格子上の squared-l2
analysis-measure-grid-l2 = 共通の格子上の l2
analysis-measure-chance-corrected = 偶然を補正した一貫性
analysis-note-of-table = 表の consistency 列の値です。小さいほど一貫しています。
analysis-note-squared-l2 = 定義（式 9、10）どおりの、クラス平均マップからの二乗偏差の平均です。小さいほど一貫しています。
analysis-note-l2 = 公開コードの形です。マップを細かく標本化するほど値が小さくなるため、マップの大きさが異なるモデルどうしは比べられません。小さいほど一貫しています。
analysis-note-grid-squared-l2 = マップを共通の粗い格子の升目ごとに平均してから、定義の値を求めます。マップの大きさが異なるモデルどうしも比べられます。小さいほど一貫しています。
analysis-note-grid-l2 = マップを共通の粗い格子の升目ごとに平均してから、公開コードの形の値を求めます。小さいほど一貫しています。
analysis-note-chance-corrected = マップの分散のうち、クラスで説明される割合です。同じクラスの画像どうしの見方が、異なるクラスの画像どうしと同じ程度にしか似ていなければ 0、クラスごとにマップが一つに決まれば 1 です。大きいほど一貫しています。

# 図。
analysis-kappa = Cohen の kappa
analysis-epoch = エポック
analysis-lambda = lambda { $lambda }
analysis-higher-axis = { $measure }（大きいほど一貫）
analysis-lower-axis = { $measure }（小さいほど一貫）
analysis-scatter-chart = kappa と { $measure } の散布図。点は各エポック。
analysis-scatter-title = { $dataset }：kappa と { $measure }
analysis-slope = 傾き { $slope }
analysis-all-models = 全モデル
analysis-without = { $model } を除く
analysis-curve-chart = { $quantity } のエポックごとの折れ線グラフ。
analysis-curve-last = { $name }：エポック { $epoch } で { $mean }。
analysis-curve-title = { $subject }：{ $quantity } の推移

# 表。
analysis-column-run = 実行
analysis-column-dataset = データセット
analysis-column-model = モデル
analysis-column-lambda = lambda
analysis-column-seed = シード
analysis-column-epochs = エポック数
analysis-column-runs = 実行数
analysis-column-mean-r = r の平均
analysis-column-interval = 区間
analysis-column-percent-interval = { $percent } % 区間
analysis-column-bootstrap = ブートストラップ
analysis-column-sign-flip = 符号反転検定の p
analysis-column-mean-rho = ρ の平均
analysis-column-changes = 変化の r
analysis-column-worth = 有効エポック数
analysis-column-final-kappa = 最後の kappa
analysis-column-best-kappa = 最良の kappa
analysis-column-against = 比較対象
analysis-column-pairs = 対の数
analysis-column-difference = 差
analysis-column-effect = 効果量 g
analysis-column-p = p
analysis-column-holm = p（Holm）
analysis-column-measure = 尺度
analysis-column-median = 中央値
analysis-column-others = ほかのモデル
analysis-column-ratio = 比
analysis-correlations-title = 各実行のエポックにわたる kappa と { $measure } の相関
analysis-correlations-note = 各実行の Pearson の r の平均です。区間は、実行にわたる Fisher の z についての t 区間と、実行のブートストラップによるものです。符号反転検定は実行を独立とみなし、p は 2 / 2^実行数 より小さくなりません。有効エポック数は、一つの実行のエポックが、独立な何エポック分にあたるかを表します。
analysis-cells-title = 条件ごとの kappa（シードにわたる）
analysis-cells-note = 最良のエポックは検証画像で選んでいるため、値は実際より良く見えます。
analysis-lambdas-title = lambda による { $outcome } の変化
analysis-lambdas-note = 最後のエポックの値を、同じシードのベースラインと比べます。対応のある t 検定で、データセット内の lambda とモデルについて Holm 法で補正しています。g は、対の差についての Hedges の効果量です。
analysis-offsets-title = モデルごとの値の水準
analysis-offsets-note = 全エポックの中央値を、ほかのモデルの中央値と比べます。l2 では、マップの大きさの違いだけでも差が生じます。

# 文。
analysis-outcome-kappa = kappa
analysis-nothing = kappa のあるエポックが少なすぎるため、何も言えません。
analysis-variants = 「全モデルまとめて」では、一つのモデルの設定違いを、別々のモデルとして数えています。同じシードの実行はどちらの設定でも似ているため、その区間は狭すぎます。設定ごとの値を読んでください。
analysis-subject = { $dataset }、{ $model }
analysis-subject-lambda = { $dataset }、{ $model }、lambda { $lambda }
analysis-all-together = 全モデルまとめて
analysis-no-evidence = { $subject }：実行 { $runs } 件で r = { $r } です。実行どうしの違いが分からないため、根拠にはなりません。
analysis-r-figures = 実行 { $runs } 件の r の平均 { $r }、{ $percent } % 区間 { $interval }
analysis-no-relation = { $subject }：kappa と { $measure } の関係は示されていません（{ $figures }）。関係がないことが示されたわけでもありません。
analysis-more-consistent = { $subject }：kappa の高いエポックほど、マップが一貫しています（{ $figures }）。
analysis-less-consistent = { $subject }：kappa の高いエポックほど、マップの一貫性が低くなっています（{ $figures }）。
analysis-shared-trend = エポック間の変化どうしはほとんど連動しないため、学習に伴う共通の傾向にすぎない可能性があります。
analysis-not-confirmed = 符号反転検定では確認できません（p { $p }。実行 { $runs } 件では { $least } より小さくなりません）。
analysis-extreme-epochs = 順位の相関はずっと弱く（ρ の平均 { $rho }）、r は少数の極端なエポックによるものです。
analysis-rests-on-normal = これは差が正規分布に従うことを前提としています。その前提を置かない符号反転検定では p { $p } です（{ $pairs } 対では { $least } より小さくなりません）。
analysis-single-pair = { $subject }：{ $outcome } の変化は、lambda { $baseline } に比べて { $change } です。ただし、対になる実行は 1 組だけで、偶然と区別できません。
analysis-all-alike = { $subject }：{ $outcome } の変化は、lambda { $baseline } に比べて、{ $pairs } 対のすべてで同じ { $change } です。
analysis-effect = { $subject }：{ $outcome } の変化は、lambda { $baseline } に比べて { $change } です（{ $pairs } 対、区間 { $interval }、補正後の p { $p }）。
analysis-no-effect = { $subject }：{ $outcome } への効果は示されていません（{ $pairs } 対で { $change }、区間 { $interval }、補正後の p { $p }）。

# データの限界。
analysis-caution-no-kappa = { $runs } 件の実行のうち { $without } 件には kappa がないため、除いています。
analysis-caution-autocorrelated = 一つの実行のエポックには自己相関があります。{ $epochs } エポックは、平均で独立な { $effective } エポック分、{ $dataset }、{ $model } では { $least } エポック分の情報しかありません。エポックを独立とみなす検定は、確かさを過大に評価します。実行にわたる区間を読んでください。
analysis-caution-single-run = { $count } 個の相関は、実行 1 件だけによるものです。実行どうしの違いは分かりません。
analysis-caution-no-baseline = lambda を比べられません。対になる lambda { $baseline } の実行がありません。
analysis-caution-single-seed = { $count } 個の lambda の比較は、シード 1 個だけによるものです。差は偶然かもしれず、検定もできません。
