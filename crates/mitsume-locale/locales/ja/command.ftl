### コマンドが人に向けて表示する文。

## モデルと、学習時と異なる使い方

command-model-override = 警告: { $setting } は { $used } です（この重みの学習時には { $trained }）
command-model-fewer-classes = 警告: モデルは { $used } の中からだけ選びます（この重みの学習時のクラスは { $trained }）
command-model-override-short = { $setting } { $used }（学習時には { $trained }）
command-model-overrides = 学習時と異なる設定: { $changes }
# 重みのファイルには何も記録されていない。`settings` は "image_size 224" のような項目と値。
command-model-assumed = 注: { $model } には画像の前処理が記録されていません。公開コードに合わせて次のように仮定します: { $settings }
command-model-classes-by-position = 注: { $model } にはクラス名が記録されていません。フォルダの順に次のように仮定します: { $classes }
command-model-findings-by-position = 注: { $model } には所見の名前が記録されていません。リストの列の順（一つの列に名前が書かれている場合は名前順）に次のように仮定します: { $classes }
command-model-softmax = 注: { $model } の末尾は softmax です。クラスのスコアには、その前のロジットを使います
command-model-sigmoids = 注: { $model } の末尾は sigmoid です。出力はそれぞれ独立した所見で、スコアは sigmoid の前のロジットです
command-model-findings = 注: { $model } には出力の意味が書かれていません。それぞれを所見のロジットとみなし、その sigmoid を確率とします
command-model-single-logit = 注: { $model } の出力は z の一つだけです。ロジット (0, z) の 2 クラスとみなします。{ $positive } のマップは z、{ $negative } のマップは -z についてのものです
command-task-by-columns = 注: { $list } の画像には複数のラベルがあるため、マルチラベルのモデルとして評価します（--task）
command-model-unfinished = 注: { $run } は途中の実行です。最後のチェックポイントの重みを使います（ステップ { $step }、全 { $epochs } エポックのうち { $done } エポック完了）

command-train-other-init = 警告: { $path } は、実行を始めたときのファイルと異なります。チェックポイントの重みを使います
command-train-other-processor = 警告: この実行は { $began } で始まり、{ $now } で続きます。一方だけで実行した場合と末尾の桁が異なることがあります

## --verbose で表示する、決まった設定

command-settled-device = 計算: { $device }、{ $threads } スレッド
command-settled-model = モデル: { $model }（{ $file }）、対象層 { $layer }、{ $method } マップ { $size }
command-settled-images = 画像: { $settings }
command-settled-classes = クラス: { $classes }
command-settled-run = この学習の全設定（既定値を含む）:

## 表の見出しと、複数のコマンドで使う語句。

command-class = クラス
command-images = 画像数
command-correct = 正解数
command-report-at = レポート: { $path }

## 数値（eval、score）。

command-evaluated = { $model }: 画像 { $images } 枚{ $skipped ->
        [0] { "" }
       *[other] （ほかに読めない { $skipped } 枚を除外）
    }、{ $method }、対象層 { $layer }
command-explained = { $explained ->
        [predicted] マップは予測クラスのもの。クラスの画像とは、正誤を問わず、そのクラスと予測された画像
       *[class] マップはすべての画像で { $class } のもの。クラスの画像とは、その正解画像
    }
command-agreement = 正答率 { $accuracy }  kappa { $kappa }  交差エントロピー { $loss }
command-finding = 所見
command-positives = あり
command-found = 検出
command-true-positives = 両方
command-average-precision = 平均適合率
command-finding-scores = マルチラベル、所見 { $findings } 種、確率 { $threshold } 以上で検出
    平均 AUC { $auc }  平均適合率 { $precision }  F1 { $f1 }  二値交差エントロピー { $loss }
command-scored = { $size } のマップ { $images } 枚、正答率 { $accuracy }、kappa { $kappa }
command-consistency = { $explained ->
        [predicted] 予測クラス別の画像
        [finding] 実際にあり、検出された所見のマップ
       *[label] 正解画像
    } { $counted } 枚の一貫性（小さいほど一貫している）
command-measures = そのほかの尺度（格子 { $grid }。距離はクラス平均マップから。↓ は小さいほど、↑ は大きいほど一貫）

## explain

command-picture = 図
command-predicted = 予測
command-map-of = マップのクラス
command-mean-probability = 平均確率

## layers

command-layer = 層
command-module = モジュール
command-operator = 演算子
command-shape = 形
command-layer-more = 全 { $layers } 層のうち、対象になりそうな { $modules } のモジュールです。--all ですべて表示します
command-layer-pooled = { $layer } が既定の対象層です。その全画素の平均からロジットが計算されます
command-layer-last = { $layer } が既定の対象層です。2 画素以上のマップを持つ最後の層です
command-layer-attention = { $layer } が既定の対象層です。最後の attention の入力で、その後に全画素の平均はとられません
command-layer-before-attention = { $layer } が既定の対象層です。プーリングを行う attention より前の、最後のマップです
command-layer-default = * は --target-layer を省いたときの対象層です。名前は、層とモジュールのどちらのものでも指定できます
command-layout = レイアウト
command-layer-layout = ? はレイアウトがモデルから分からない層です。--layout で指定します

## bench

command-bench-step = level { $level }: 1 ステップ { $seconds } 秒、毎秒 { $rate } 枚、{ $gflops } GFLOP/s
command-bench-model-step = { $model }: 1 ステップ { $seconds } 秒、毎秒 { $rate } 枚
command-bench-eval = level { $level }: 画像 { $images } 枚に { $seconds } 秒、毎秒 { $rate } 枚

## data

command-phantoms = 4 クラスの画像を { $images } 枚ずつ
command-phantom-masks = 病変の位置
command-split = { $split }: 画像 { $images } 枚
command-split-unnamed = 全体
command-split-classes = クラス
command-split-sizes = 大きさ
command-split-modes = 形式
command-unreadable = 読めないファイル: { $files }
command-duplicates = 完全な重複（画素が一致）: { $groups } 組、余分 { $repeats } 枚
command-near-duplicates = ほぼ同じ画像（見た目では区別できない可能性）: { $groups } 組、計 { $images } 枚
command-leaks = データリーク: 後の分割の { $images } 枚が、最初の分割の画像と同じです
command-patients = 患者: { $patients } 人。複数の分割に画像がある患者: { $shared } 人。患者が不明な画像: { $unknown } 枚
command-divided-side = { $split }: 画像 { $images } 枚{ $patients ->
        [0] { "" }
       *[other] （患者 { $patients } 人）
    }
command-divided-fold = 分割 { $fold }/{ $folds }: { $list }
command-no-patients = 注意: 患者が不明なため、画像を 1 枚ずつ分けました。同じ患者の画像が両側にあるかもしれません。リストの patient 列に患者を書くか、--patient-regex でファイル名から患者を示してください
command-some-patients-unknown = 注意: { $of } 枚のうち { $images } 枚は患者が不明なため、1 枚ずつ分けました
command-conflicts = ラベルの食い違い: 画素が一致し、クラスが異なるもの { $groups } 組
command-json-lists = すべてのファイルの一覧は --json で得られます。

## report

command-missing-pictures = 警告: 画像 { $images } 枚のうち { $missing } 枚が元の場所にありません。ページには代わりの枠を表示します

## trust

command-trust-similarity = 元のモデルのマップとの類似度
command-trust-stage = ここまでランダム化
command-trust-other-class = 別のクラスのマップとの類似度（クラスによらなければ 1）
command-trust-noise = 雑音による動き、マップに対する割合（小さいほど安定）
command-trust-moved = 反転し、ずらした画像のマップ（元のマップとの順位相関。1 なら、マップは画像とともに動く）
command-trust-change = 最大の変化
command-trust-faithful = ROAD、挿入、平均上昇は大きいほど、削除と平均低下は小さいほど良い
command-trust-maps = マップ
command-trust-deletion = 削除
command-trust-insertion = 挿入
command-trust-drop = 平均低下
command-trust-increase = 平均上昇
command-trust-sparseness = Gini
command-trust-object = 対象物の上（大きいほど良い）
command-trust-pointing = 的中率
command-trust-mass = 重要度の割合
command-trust-rank = 上位画素の割合

## 時間

command-seconds = { $seconds } 秒
command-minutes = { $minutes } 分 { $seconds } 秒
command-hours = { $hours } 時間 { $minutes } 分

## 進行状況

command-stopping = このステップの後で止まります（もう一度押すとすぐに終了します）
command-no-signals = 警告: Ctrl-C を押すと保存せずに終了します: { $reason }
command-skipped = 除外 { $path }: { $reason }
command-reading-images = 画像の読み込み
command-evaluating = 評価
command-epoch-of = エポック { $epoch }/{ $epochs }
command-step-loss = 損失 { $loss }
command-about-left = 残り約 { $time }
command-took = { $what }: { $time }
command-took-in-all = 全体: { $time }
command-drawing-phantoms = ファントム画像を { $dir } に生成しています
command-training-level2 = lambda { $lambda } で level 2 を学習しています
# 狭い列の見出し。1 エポックに 1 行。
command-epoch = エポック
command-lambda = lambda
command-loss = 損失
command-cam-loss = CAM
command-valid-loss = 検証
command-accuracy = 正答率
command-time = 時間
command-left = 残り

## train、demo

command-done =
    完了: { $out }
    結果を見るには: { $command }
command-stopped-early = { $epochs } エポックで早期終了しました。最後の数エポックは、それまでの最良のエポックを上回りませんでした（train.early_stopping）
command-nothing-left-early =
    { $out } は完了しています。{ $epochs } エポックで早期終了し、評価も済んでおり、することは残っていません
    さらに学習するには: { $longer }
    結果を見るには: { $command }
command-nothing-left =
    { $out } は完了しています。全 { $epochs } エポックの学習と評価が済んでおり、することは残っていません
    さらに学習するには: { $longer }
    結果を見るには: { $command }
command-checking-shards = シャードの確認
command-merging = マージ
command-shard-damaged = 警告: { $problem }。このシャードを作り直します
command-mixed-processors = 警告: シャード { $first }（{ $first_processor }）と { $other }（{ $other_processor }）では、使われたベクトル命令が異なります。一つのプロセスの結果と末尾の桁が異なることがあります
command-shard-done = シャード { $shard } が完了しました。残りは { $left } 個です
command-shards-complete = シャード { $shard } が完了し、すべて揃いました。次は: { $command }
command-shard-was-done = { $dir } のシャード { $shard } は完了しています
command-shards-were-merged = { $dir } はマージ済みです。することは残っていません
command-shards = シャード
command-shards-found = { $shards } 個のシャードのうち { $done } 個は完了しています
command-shards-interrupted = 中断: { $shards } 個のシャードのうち { $left } 個が残っています。再開するには: { $command }
command-shards-queued = この評価のジョブ { $job } が待ち行列にあるか実行中です。終わるのを待ちます
command-shards-submitted =
    ジョブ { $job }（タスク { $tasks } 個）。終わるとジョブ { $merge } がマージします。両方を待ちます
    ログ: { $logs }
command-shards-go-on = 待つのをやめました。ジョブは続いています。もう一度待つには: { $command }
command-shard-interrupted = 中断: このシャードは何も保存していません。最初から行うには: { $command }
command-merge-interrupted = 中断: シャードは元のままです
command-nothing-kept = 中断: この結果は何も保存していません
command-explain-interrupted = 中断: { $images } 枚のうち { $done } 枚まで済んでいます。{ $page } にあります
command-interrupted = 中断: 状態を保存しました。再開するには: { $command }
command-demo-interrupted = 中断: デモは最初からになります。{ $out } を消してから、もう一度実行してください
command-demo-consistency = 一貫性（{ $form }）
command-demo-lower = 一貫性の値が小さいほど、モデルは同じところを見ています。
command-demo-next = 次は、手持ちの画像で（クラスごとに 1 フォルダ）:

## sweep

command-cell = セル
command-cells = セル
command-state = 状態
command-state-waiting = 待機
command-state-running = 実行中
command-state-interrupted = 中断
command-state-failed = 失敗
command-state-finished = 完了
command-epochs = エポック数
command-time-left = 残り時間
command-sweep-estimate = { $cells } セル、--jobs { $jobs } で約 { $time }（このマシンで測ったステップの時間から。画像の読み込みは含まない）
command-cell-started = { $cell }: 開始
command-cell-finished = { $time }で完了
command-cell-was-finished = 完了済み
command-cell-elsewhere = 別のプロセスが実行中
command-cell-saved = 保存済み
command-cell-failed = 失敗: { $problem }
command-cell-interrupted = 中断: { $cell } を保存しました。同じコマンドで再開できます
command-nothing-to-submit = 投入するものはありません。{ $cells } セルのすべてが完了しています
command-submitted =
    ジョブ { $job }（タスク { $tasks } 個）。終わるとジョブ { $analysis } が分析します
    ログ: { $logs }
    進行状況: { $command }
command-sweep-interrupted = 中断: { $cells } セルが残っています。再開するには: { $command }

## データセットの気になる点

command-more = ほか { $count } 件
command-not-images = 画像として扱わないファイル: { $files }
command-not-images-none = 画像として扱わないファイル: なし
command-not-images-in = { $folder }: 画像として扱わないファイル: { $files }
command-more-frames = 複数のフレームやページのうち、最初のものだけを使います: 画像 { $images } 枚（{ $files }）
command-leaking = 検証画像 { $of } 枚のうち { $images } 枚は、学習画像にも含まれます（画素が一致）。正答率、kappa、一貫性は、新しい画像での値とは言えません
command-leaking-all = すべて見るには: { $command }
command-shared-patients = 検証画像の患者のうち { $patients } 人は、学習画像もあります（検証画像 { $of } 枚のうち { $images } 枚）。正答率、kappa、一貫性は、新しい患者での値とは言えません

# 文字がこのマシンのどのフォントにもない図。
command-no-png = 警告: { $file }: PNG は作りません。{ $characters } を含むフォントがこのマシンにありません。Noto Sans CJK などをインストールしてください
command-figures-written = 図と表のファイル { $files } 個を { $folder } に書き出しました

## data remove

command-removed = { $out } に、学習画像 { $training } 枚とテスト画像 { $testing } 枚の組を { $sets } 組書きました
command-removed-next = 次は、{ $out }/sweep.toml にエポック数と学習率を書き、mitsume sweep --config { $out }/sweep.toml --out SWEEP
