### 実行と評価のレポート。

## 先頭と目次

report-kicker = mitsume レポート
report-skip = 数値へ移動
report-lead = モデルはどこを見ているか。同じクラスなら同じところを見ているか。どれだけ正しく分類できるか。
report-parts = このページの内容
report-figures = 数値
report-curves = 学習曲線
report-classes = クラス
report-images = 画像
report-made = 作成条件

## 数値

report-accuracy = 正答率
report-kappa = kappa
report-kappa-cohen = Cohen の kappa
report-consistency-squared-l2 = 一貫性（squared-l2）
report-consistency-l2 = 一貫性（l2）
report-lower = 小さいほど一貫しています
report-depends-on-size = マップの大きさに依存します
report-counted-of-model = { $model }。一貫性は、{ $explained ->
        [predicted] 画像（正誤を問わず、予測クラス別）
       *[label] 正解予測された画像
    } { $counted } 枚についての値です。
report-counted-of-run = { $model }、lambda { $lambda }（{ $loss }）、{ $epochs } エポック。一貫性は、{ $explained ->
        [predicted] 画像（正誤を問わず、予測クラス別）
       *[label] 正解予測された画像
    } { $counted } 枚についての値です。
report-comparison = 実行の比較
report-run = 実行
report-model = モデル
report-epochs = エポック数
report-counted = 対象の枚数
report-lambda = lambda
report-arrow = ↓ は、小さいほど一貫していることを表します。
report-baseline = 変化は「{ $baseline }」と比べたものです。
report-counted-note = 「対象の枚数」は、一貫性の計算に使った、正解予測された画像の枚数です。
report-sizes-differ = これらの実行ではマップの大きさが異なるため、l2 の値どうしを比べることはできません。squared-l2 は比べられます。
report-cross-entropy-only = 交差エントロピーのみ
report-epochs-of = { $done } / { $planned }
report-more = そのほかの尺度
report-more-label = squared-l2 と l2 以外の尺度
report-measure = 尺度
report-more-note = 格子（{ $rows } × { $columns }）上では、大きさの異なるマップも同じ細かさになります。偶然を補正した一貫性は、マップの分散のうちクラスで説明される割合です。どこを見るかがクラスで決まらなければ、すべてのマップが似ていても 0 になります。距離はクラス平均マップから、または同じクラスのマップの対のものです。複雑さは対照です。広がったマップは、クラスによらず互いに似ます。↓ は小さいほど、↑ は大きいほど一貫しています。

## 学習曲線

report-curve-loss = 損失
report-curve-lower-better = 小さいほど良い
report-curve-higher-better = 大きいほど良い
report-curve-accuracy-kappa = 正答率と kappa
report-curve-train-ce = 学習データの交差エントロピー
report-curve-val-ce = 検証データの交差エントロピー
report-curve-train-loss = 学習データの損失（CAM 損失を含む）
report-curve-val-accuracy = 検証データの正答率
report-curve-val-kappa = 検証データの kappa
report-curve-train-accuracy = 学習データの正答率
report-curve-squared-l2 = 視線一貫性（squared-l2）
report-curve-l2 = 視線一貫性（l2）
report-curve-lower-consistent = 小さいほど一貫している
report-curve-lambda = CAM 損失の重み
report-curve-lambda-caption = カリキュラムの lambda_t
report-curve-cam-loss = CAM 損失
report-curve-cam-loss-caption = 各エポックの学習画像にわたる平均
report-curve-rate = 学習率
report-curve-rate-caption = 検証データの損失が下がらなくなると下げる
report-curve-line-train-ce = 学習データの交差エントロピー
report-curve-line-val-ce = 検証データの交差エントロピー
report-curve-line-val-accuracy = 検証データの正答率
report-curve-line-val-kappa = 検証データの kappa
report-curve-line-train-accuracy = 学習データの正答率
report-curve-line-rate = 学習率

## クラス

report-not-evaluated = まだ評価されていません。この実行には evaluation フォルダがありません。
report-mean-image-alt = { $class } の正解画像の平均
report-mean-map-alt = { $class } の平均画像に重ねたクラス平均マップ
report-no-mean-map = 正解予測された画像がないため、クラス平均マップはありません
report-mean-caption = { $explained ->
        [predicted] このクラスと予測された
       *[label] 正解
    } { $correct } 枚の平均、squared-l2 { $deviation }
report-bar = 0（黒）から 1（薄い黄色）までの色
report-mean-note = 左は、そのクラスの正解画像の平均です。右は、それに重ねたクラス平均マップです。値と色の対応（0 から 1）：
report-per-class = クラスごとの値
report-per-class-label = クラスごとの値
report-label-of-run = { $what }（{ $run }）
report-class = クラス
report-correct = 正解
report-share = 割合
report-confusion = 混同行列
report-true = 正解 ↓
report-predicted = 予測 →
report-row-images = 計
report-cell = { $class } のうち { $share }
report-mistakes = 多い誤分類
report-none = なし。
report-true-class = 正しいクラス
report-taken-for = 予測したクラス
report-skipped = 読めずに除いた画像：{ $count } 枚
report-skipped-more = ほか { $count } 枚

## 画像

report-gallery = 画像の一覧（典型的なものから外れたものへ）
report-gallery-text = 各画像を、そのマップと並べています。視線偏差は、マップがそのクラスのクラス平均マップからどれだけ離れているかを表します。モデルがそのクラスでふだん見るところを見ていれば小さく、ふだんと違うところを見ていれば大きくなります。
report-show = 表示
report-sort = 並べ替え
report-picture = 画像
report-all = すべて
report-show-all = 正解と誤分類
report-show-correct = 正解のみ
report-show-wrong = 誤分類のみ
report-sort-typical = 典型的なものから
report-sort-deviant = 外れたものから
report-sort-probable = 確率の高いものから
report-sort-improbable = 確率の低いものから
report-sort-name = 名前順
report-picture-both = 画像とマップ
report-picture-map = マップ
report-picture-image = 画像
report-gallery-all = 全 { $total } 枚。うち誤分類は { $wrong } 枚です。
report-gallery-some = 全 { $total } 枚のうち { $shown } 枚。誤分類を優先し、ほかは最も典型的なものから最も外れたものまで均等に選んでいます。誤分類 { $wrong } 枚のうち { $shown_wrong } 枚を含みます。残りは images.csv にあります。
report-picture-missing = 画像が見つかりません
report-overlay-alt = { $class } のマップを重ねた { $image }
report-map-alt = { $image } における { $class } のマップ
report-card-correct = 正解
report-card-wrong = 誤分類
report-card-predicted = 予測 { $predicted } { $probability }、
report-card-deviation = 視線偏差 { $deviation }

## 作成の条件

report-environment = 実行環境
report-configuration = 設定
report-epochs-table = 全エポックの表
report-epochs-label = エポックごとの値
report-column-epoch = エポック
report-column-rate = 学習率
report-column-train-ce = 学習 CE
report-column-cam-loss = CAM 損失
report-column-train-accuracy = 学習 正答率
report-column-val-ce = 検証 CE
report-column-val-accuracy = 検証 正答率
report-column-seconds = 秒
report-footer = mitsume { $version } が作成しました。このページは一つのファイルで、ネットワークからは何も読み込みません。
report-fact-model = モデル
report-fact-parameters = パラメータ数
report-fact-outputs = 出力
report-fact-outputs-single = z の一つだけ（ロジット (0, z) の 2 クラス）
report-fact-layer = 対象層
report-fact-maps = マップの手法
report-fact-map-size = マップの大きさ
report-fact-explained = マップのクラス
report-fact-explained-class = { $explained ->
        [predicted] 各画像の予測クラス（--explain predicted）
        [class] すべての画像で { $class }（--explain）
       *[label] 各画像の正解クラス
    }
report-fact-evaluated-images = 評価した画像の枚数
report-fact-evaluated-folder = 評価データのフォルダ
report-fact-input = 入力
report-fact-training-folder = 学習データのフォルダ
report-fact-precision = 畳み込みの精度
report-fact-overrides = 学習時と異なる設定
report-fact-epochs = エポック数
report-fact-best-epoch = 最良のエポック
report-fact-best-epoch-value = { $epoch }（{ $criterion } による。kappa { $kappa }、損失 { $loss }）
report-fact-batch = バッチサイズ
report-fact-seed = シード
report-fact-command = コマンド
report-fact-device = デバイス
report-fact-platform = プラットフォーム
report-fact-processor = プロセッサ
report-fact-data-train = 学習データ
report-fact-data-valid = 検証データ
report-fact-input-size = { $side } × { $side }、{ $channels } チャネル
report-fact-threads = { $device }、スレッド数 { $threads }
report-fact-fingerprint = 画像 { $images } 枚、フィンガープリント { $fingerprint }

## 少数に基づく一貫性

report-few-classes = { $count } クラスのみの値
report-few-images = { $count } 枚のみの値

## クラスが多い場合

report-least-consistent = 一貫性の最も低いクラス
report-most-consistent = 一貫性の最も高いクラス
report-ranked = 全 { $total } クラスのうち、正解画像が { $needed } 枚以上ある { $ranked } クラスを squared-l2 の順に並べています。
report-find = すべてのクラスから検索
report-found = 全 { $total } クラスのうち { $found } クラスが一致します（{ $shown } クラスを表示）。
report-find-script = 検索には JavaScript が必要です。すべてのクラスの値は eval.json にあります。
report-maps-of-some = 全 { $total } クラスのうち { $shown } クラスのクラス平均マップです。一貫性の最も高いクラス、最も低いクラスの順に並べています。
report-images-of-some = 全 { $total } クラスのうち { $shown } クラスの画像です。一貫性の最も高いクラスと最も低いクラス、および誤分類の多いクラスを選んでいます。ほかのクラスは images.csv にあります。

## 一覧の絞り込みとページ送り。波括弧の中はスクリプトが補う。

report-status-all = 全 { $total } 枚のうち { $shown } 枚がこのページにあります。
report-status-correct = 正解 { $total } 枚のうち { $shown } 枚がこのページにあります。
report-status-wrong = 誤分類 { $total } 枚のうち { $shown } 枚がこのページにあります。
report-status-rest = 残りは images.csv にあります。
report-range = { $count } 枚中 { $from }–{ $to } 枚目
report-range-classes = { $count } クラス中 { $from }–{ $to } 番目
report-previous = 前へ
report-next = 次へ
report-printed = 印刷したとき、または JavaScript が使えないときは、このうち { $count } 枚を表示します。

# ほかの実行の値と比べた位置。
report-ranking-best = シード { $seeds } 個の平均で最良
report-ranking-highest = 最大（{ $reason }）
report-ranking-lowest = 最小（{ $reason }）
report-ranking-at-chance = 偶然を超えない
report-ranking-one-class = 1 クラスのみ
report-ranking-few-images = 画像が少ない
report-ranking-not-evaluated = 未評価あり
report-ranking-data-differ = データが異なる
report-ranking-epochs-differ = エポック数が異なる
report-ranking-methods-differ = 手法が異なる
report-ranking-explained-differ = マップのクラスが異なる
report-ranking-sizes-differ = マップの大きさが異なる
report-ranking-layers-differ = 層が異なる
report-ranking-classes-differ = クラスが異なる
report-ranking-one-seed = シード 1 個のみ
report-ranking-within-chance = 偶然の範囲
report-ranking-note = 「最良」は、複数のシードの平均が、ほかのすべての平均と偶然では説明できないほど異なるとき（対応のある t 検定、補正後の p が 0.05 未満）だけに付けます。それ以外では、最大または最小の値のそばに理由を示します。
# 変化の基準が一つの実行でない場合。
report-baseline-of-each = モデルとシードが同じで CAM 損失のない実行
# 割合の変化（例: +1.5）。
report-points = { $points } ポイント

# 検証画像のうち、画素が学習画像と一致するもの。
report-leaks = データリーク
report-leaks-value = 検証画像 { $of } 枚のうち { $images } 枚は、学習画像にも含まれます（画素が一致）
report-leaks-none = なし（学習画像にも含まれる検証画像はありません）
# 学習画像もある患者の検証画像。
report-patients = 患者
report-patients-value = 検証画像 { $of } 枚のうち { $images } 枚は、学習画像もある患者のものです
report-patients-none = 学習と検証の両方に画像のある患者はいません
report-other-files = 画像として扱わないファイル
