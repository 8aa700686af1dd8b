### 多数の学習をまとめたページ（mitsume analyze）。

# 個々の学習。
study-unfinished = 途中の学習が { $count } 件あります（{ $names }）。その最新のエポックが、完了した学習の最後のエポックと並べられています。
study-lambda-never-reached = λ が立ち上がる前に終わる学習が { $count } 件あります（{ $names }）。通常の学習と同じなので、λ = 0 として数えています。
study-repeating = 設定の違いが結果に影響しないため、ほかと最後の桁まで同じ学習が { $count } 件あります（{ $names }）。重複は 1 件として数えています。

study-lead = 学習の各エポックで、視線一貫性は κ とともに変わるか。一貫性のための学習は何をもたらすか。
study-shown = データから言えることと、言えないこと
study-scatters = κ と視線一貫性
study-scatters-note = 点は各学習の各エポックです。線は同じ色の点の最小二乗直線で、灰色の線は全モデルの点によるものです。
study-curves = 推移
study-curves-over-epochs = エポックごとの推移
study-curves-note = 線は学習の平均、帯は最小から最大までの範囲です。
study-tables = 表
study-runs = 学習の一覧
study-runs-note = 完了した学習には、それぞれの報告書があります。図は figures フォルダに、数値は analysis.json にあります。
study-reading = 読み方
study-reading-page = このページの読み方
study-reading-r = 一つの学習のエポックにわたる Pearson の相関と、順位にもとづく Spearman の相関です。平均は学習にわたるもので、区間は学習どうしの違いを表します。一つの学習のエポックを独立とはみなしません。
study-reading-changes = 隣り合うエポック間の変化どうしの相関です。二つの曲線が、学習曲線の多くがそうであるように、同じ傾向をたどるだけなら、0 に近くなります。
study-reading-worth = エポックは連続しているため、隣どうしは似ています。この数の独立なエポックと同じだけの情報しかありません。
study-reading-holm = 偶然だけでこれほどの差が出る確率を、データセット内の比較の数で補正したものです。0.05 を超えるときは、効果があることも、ないことも示されていません。
study-r-and-rho = r、ρ
study-made-by = mitsume { $version } で作成。このページはネットワークから何も読み込みません。

# 指標。
study-measure-of-table = 視線一貫性
study-measure-grid-squared-l2 = 共通格子上の squared-l2
study-measure-grid-l2 = 共通格子上の l2
study-measure-chance-corrected = 偶然を補正した一貫性
study-note-of-table = 表の consistency 列の値です。小さいほど一貫しています。
study-note-squared-l2 = 定義（式 9、10）どおり、クラス平均マップからの二乗偏差の平均です。小さいほど一貫しています。
study-note-l2 = 公開コードの形です。同じマップでも細かいほど値が小さくなるため、マップの大きさが異なるモデルどうしは比べられません。小さいほど一貫しています。
study-note-grid-squared-l2 = マップを一つの粗い格子で平均してから、定義の値を求めます。マップの大きさが異なるモデルどうしを比べられます。小さいほど一貫しています。
study-note-grid-l2 = マップを一つの粗い格子で平均してから、公開コードの形の値を求めます。小さいほど一貫しています。
study-note-chance-corrected = マップの分散のうち、クラスで説明される割合です。同じクラスの画像の見方が、異なるクラスの画像どうしと同じ程度にしか似ていなければ 0、クラスごとにマップが一つに決まれば 1 です。大きいほど一貫しています。

# 図。
study-kappa = Cohen の κ 係数
study-epoch = エポック
study-lambda = λ = { $lambda }
study-higher-axis = { $measure }（大きいほど一貫）
study-lower-axis = { $measure }（小さいほど一貫）
study-scatter-chart = κ と { $measure } の散布図。点は各エポック。
study-scatter-title = { $dataset }：κ と { $measure }
study-slope = 傾き { $slope }
study-all-models = 全モデル
study-without = { $model } を除く
study-curve-chart = { $quantity } のエポックごとの折れ線グラフ。
study-curve-last = { $name }：エポック { $epoch } で { $mean }。
study-curve-title = { $subject }：{ $quantity } の推移

# 表。
study-column-run = 学習
study-column-dataset = データセット
study-column-model = モデル
study-column-lambda = λ
study-column-seed = シード
study-column-epochs = エポック
study-column-runs = 学習数
study-column-mean-r = r の平均
study-column-interval = 区間
study-column-percent-interval = { $percent } % 区間
study-column-bootstrap = ブートストラップ
study-column-sign-flip = 符号反転検定の p
study-column-mean-rho = ρ の平均
study-column-changes = 変化の r
study-column-worth = 有効エポック数
study-column-final-kappa = 最終 κ
study-column-best-kappa = 最良 κ
study-column-against = 基準
study-column-pairs = 対の数
study-column-difference = 差
study-column-effect = 効果量 g
study-column-p = p
study-column-holm = p（Holm）
study-column-measure = 指標
study-column-median = 中央値
study-column-others = 他モデル
study-column-ratio = 比
study-correlations-title = 学習のエポックにわたる κ と { $measure } の相関
study-correlations-note = 各学習の Pearson の r の平均です。区間は、学習にわたる Fisher の z の t 区間と、学習のブートストラップによるものです。符号反転検定は学習を独立とみなし、p は 2 / 2^学習数 より小さくなりません。有効エポック数は、一つの学習のエポックが、独立なエポックいくつ分にあたるかを表します。
study-cells-title = 条件ごとの κ（シードにわたる）
study-cells-note = 最良のエポックは検証画像で選んでいるため、値は実際より良く見えます。
study-lambdas-title = λ による { $outcome } の変化
study-lambdas-note = 最後のエポックの値を、同じシードの基準と比べます。対応のある t 検定で、データセット内の λ とモデルの数を Holm 法で補正しています。g は、対の差についての Hedges の効果量です。
study-offsets-title = モデルごとの値の位置
study-offsets-note = 全エポックの中央値を、ほかのモデルと比べます。l2 では、マップの大きさだけでも差が生じます。

# 文。
study-outcome-kappa = κ
study-nothing = κ のあるエポックが少なすぎるため、何も言えません。
study-variants = 「全モデル合計」は、一つのモデルの設定違いを別のモデルとして数えています。同じシードの学習は互いに似ているため、その区間は狭すぎます。設定ごとに読んでください。
study-subject = { $dataset }、{ $model }
study-subject-lambda = { $dataset }、{ $model }、λ = { $lambda }
study-all-together = 全モデル合計
study-no-evidence = { $subject }：学習 { $runs } 件で r = { $r } です。学習どうしの違いが分からないため、根拠にはなりません。
study-r-figures = 学習 { $runs } 件の r の平均 { $r }、{ $percent } % 区間 { $interval }
study-no-relation = { $subject }：κ と { $measure } の関係は示されていません（{ $figures }）。関係がないことが示されたわけでもありません。
study-more-consistent = { $subject }：κ の高いエポックほど、マップが一貫しています（{ $figures }）。
study-less-consistent = { $subject }：κ の高いエポックほど、マップが一貫していません（{ $figures }）。
study-shared-trend = エポック間の変化どうしはほとんど連動しないため、学習に伴う共通の傾向にすぎない可能性があります。
study-not-confirmed = 符号反転検定では確かめられません（p = { $p }。学習 { $runs } 件では { $least } より小さくなりません）。
study-extreme-epochs = 順位の相関はずっと弱く（ρ の平均 { $rho }）、r は少数の極端なエポックによるものです。
study-rests-on-normal = これは差が正規分布に従うことを前提としています。その前提を置かない符号反転検定では p = { $p } です（{ $pairs } 対では { $least } より小さくなりません）。
study-single-pair = { $subject }：{ $outcome } は λ = { $baseline } に比べて { $change } 変化しましたが、学習は 1 対だけで、偶然と区別できません。
study-all-alike = { $subject }：{ $outcome } は λ = { $baseline } に比べて、{ $pairs } 対すべてで同じだけ（{ $change }）変化しました。
study-effect = { $subject }：{ $outcome } は λ = { $baseline } に比べて { $change } 変化しました（{ $pairs } 対、区間 { $interval }、補正後の p = { $p }）。
study-no-effect = { $subject }：{ $outcome } への効果は示されていません（{ $pairs } 対で { $change }、区間 { $interval }、補正後の p = { $p }）。

# データの限界。
study-caution-no-kappa = { $runs } 件の学習のうち { $without } 件には κ がないため、除いています。
study-caution-autocorrelated = 学習のエポックには自己相関があります。{ $epochs } エポックは、平均で独立な { $effective } エポック分、{ $dataset }、{ $model } では { $least } エポック分の情報しかありません。エポックを独立とみなす検定は、確かさを過大に見積もります。学習にわたる区間を読んでください。
study-caution-single-run = { $count } 個の相関は、一つの学習だけによるものです。学習どうしの違いは分かりません。
study-caution-no-baseline = λ を比べられません。対にする λ = { $baseline } の学習がありません。
study-caution-single-seed = { $count } 個の λ の比較は、一つのシードだけによるものです。差は偶然かもしれず、検定もできません。
