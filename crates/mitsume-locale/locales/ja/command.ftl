### コマンドが人に向けて表示する文。

## A model, and how it is used other than as it was trained

command-model-override = 警告: { $setting } は { $used } です（この重みの学習時は { $trained }）
command-model-fewer-classes = 警告: モデルは { $used } の中だけから選びます（この重みの学習時のクラスは { $trained }）
command-model-override-short = { $setting } { $used }（学習時は { $trained }）
command-model-overrides = 学習時と異なる設定: { $changes }
# The weight file knows nothing; `settings` are keys and values such as "image_size 224".
command-model-assumed = 注: { $model } には画像の前処理が記録されていません。公開されたモデルに合わせて次のように仮定します: { $settings }
command-model-classes-by-position = 注: { $model } にはクラス名が記録されていません。フォルダの順に次のように仮定します: { $classes }
command-model-softmax = 注: { $model } の最後は softmax です。クラスのスコアには、その前のロジットを使います
command-model-unfinished = 注: { $run } は学習の途中です。最後のチェックポイントの重みを使います（ステップ { $step }、全 { $epochs } エポックのうち { $done } エポック完了）

command-train-other-init = 警告: { $path } は、学習を始めたときのファイルと異なります。チェックポイントの重みで再開します

## 表の見出しと、複数のコマンドで使う語句。

command-class = クラス
command-images = 画像数
command-correct = 正解数
command-report-at = レポート: { $path }

## 数値（eval、score）。

command-evaluated = { $model }: 画像 { $images } 枚{ $skipped ->
        [0] { "" }
       *[other] （ほかに読めない { $skipped } 枚を除外）
    }、{ $method }、層 { $layer }
command-agreement = 正解率 { $accuracy }  kappa { $kappa }  交差エントロピー { $loss }
command-scored = { $size } のマップ { $images } 枚、正解率 { $accuracy }、kappa { $kappa }
command-consistency = 正解画像 { $counted } 枚の一貫性（小さいほど一貫している）
command-measures = そのほかの尺度（格子 { $grid }。距離はクラス平均マップから）
command-measure-grid-squared-l2 = 格子上の squared-l2
command-measure-grid-l2 = 格子上の l2
command-measure-chance-corrected = 偶然の補正後（大きいほど一貫）
command-measure-chance-p = 並べ替え検定の p
command-measure-cosine = 1 - コサイン類似度
command-measure-jensen-shannon = Jensen-Shannon（ビット）
command-measure-earth-mover = earth mover's（格子上）
command-measure-pearson = 1 - Pearson
command-measure-ssim = 1 - SSIM

## explain

command-picture = 図
command-predicted = 予測
command-map-of = マップのクラス

## layers

command-layer = 層
command-module = モジュール
command-operator = 演算子
command-shape = 形
command-layer-default = * は --target-layer を省いたときの層です。層とモジュールのどちらの名前でも指定できます
command-layout = レイアウト
command-layer-layout = ? はモデルからレイアウトが分からない層: --layout で指定します

## bench

command-bench-step = level { $level }: 1 ステップ { $seconds } 秒、毎秒 { $rate } 枚、{ $gflops } GFLOP/s
command-bench-eval = level { $level }: 画像 { $images } 枚に { $seconds } 秒、毎秒 { $rate } 枚

## data

command-phantoms = 4 クラスに { $images } 枚ずつの画像
command-phantom-masks = 病変の位置
command-split = { $split }: 画像 { $images } 枚
command-split-unnamed = 全体
command-split-classes = クラス
command-split-sizes = 大きさ
command-split-modes = 形式
command-unreadable = 読めないファイル: { $files }
command-duplicates = 完全な重複（画素が同じ）: { $groups } 組、余分 { $repeats } 枚
command-near-duplicates = 近い重複（見た目が同じかもしれない）: { $groups } 組、全 { $images } 枚
command-leaks = 漏洩: 後の分割の { $images } 枚が、最初の分割の画像と同じ
command-conflicts = ラベルの食い違い: 画素が同じでクラスが異なる { $groups } 組
command-json-lists = すべてのファイル名は --json で得られます。

## report

command-missing-pictures = 警告: 画像 { $images } 枚のうち { $missing } 枚が元の場所にないため、ページでは空欄になります

## trust

command-trust-similarity = モデル自身のマップとの類似度
command-trust-stage = ここまでランダム化
command-trust-faithful = ROAD と挿入は大きいほど良く、削除は小さいほど良い
command-trust-maps = マップ
command-trust-deletion = 削除
command-trust-insertion = 挿入
command-trust-object = 対象物との一致（大きいほど良い）
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
command-skipped = 読めないため除外: { $path }: { $reason }
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
command-lambda = λ
command-loss = 損失
command-cam-loss = CAM
command-valid-loss = 検証
command-accuracy = 正解率
command-time = 時間
command-left = 残り

## train、demo

command-done =
    完了: { $out }
    結果を見るには: { $command }
command-interrupted = 中断: 状態を保存しました。再開するには: { $command }
command-demo-interrupted = 中断: デモは最初からやり直しになります。{ $out } を消してから再び実行してください
command-demo-consistency = 一貫性 { $form }
command-demo-lower = 一貫性の値が小さいほど、モデルは同じところを見ています。
command-demo-next = 次に、手持ちの画像で（クラスごとに 1 フォルダ）:

## sweep

command-cell = セル
command-cells = セル
command-state = 状態
command-state-waiting = 待機
command-state-running = 実行中
command-state-interrupted = 中断
command-state-failed = 失敗
command-state-finished = 完了
command-epochs = エポック
command-time-left = 残り時間
command-sweep-estimate = { $cells } セル、--jobs { $jobs } で約 { $time }（ここで測ったステップの時間による。画像の読み込みは含まない）
command-cell-started = { $cell }: 開始
command-cell-finished = { $time }で完了
command-cell-was-finished = 完了済み
command-cell-elsewhere = ほかのプロセスが実行しています
command-cell-saved = 保存しました
command-cell-failed = 失敗: { $problem }
command-cell-interrupted = 中断: { $cell } を保存しました。同じコマンドで再開します
command-nothing-to-submit = 投入するものはありません。{ $cells } セルはすべて完了しています
command-submitted =
    ジョブ { $job }（タスク { $tasks } 個）。終わるとジョブ { $analysis } が分析します
    ログ: { $logs }
    進行状況: { $command }
command-sweep-interrupted = 中断: { $cells } セルが残っています。再開するには: { $command }

## データセットの気になる点

command-more = 他 { $count } 件
command-not-images = 画像として扱わないファイル: { $files }
command-not-images-none = 画像として扱わないファイル: なし
command-not-images-in = { $folder }: 画像として扱わないファイル: { $files }
command-leaking = 検証画像 { $of } 枚のうち { $images } 枚は学習画像と同一です (画素が一致)。正解率・kappa・一貫性は未知の画像に対する値になりません
command-leaking-all = すべて表示: { $command }

# 文字がこの計算機のどのフォントにもない図。
command-no-png = 警告: { $file }：PNG は作りませんでした。{ $characters } を含むフォントがこの計算機にありません。Noto Sans CJK などを入れてください
command-figures-written = 図と表のファイル { $files } 個を { $folder } に書きました
