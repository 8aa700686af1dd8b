### コマンドが人に向けて表示する文。

## A model, and how it is used other than as it was trained

command-model-override = 警告: { $setting } は { $used } です（この重みの学習時は { $trained }）
command-model-fewer-classes = 警告: モデルは { $used } の中だけから選びます（この重みの学習時のクラスは { $trained }）
command-model-override-short = { $setting } { $used }（学習時は { $trained }）
command-model-overrides = 学習時と異なる設定: { $changes }
# The weight file knows nothing; `settings` are keys and values such as "image_size 224".
command-model-assumed = 注: { $model } には画像の前処理が記録されていません。公開されたモデルに合わせて次のように仮定します: { $settings }
command-model-classes-by-position = 注: { $model } にはクラス名が記録されていません。フォルダの順に次のように仮定します: { $classes }
command-model-unfinished = 注: { $run } は学習の途中です。最後のチェックポイントの重みを使います（ステップ { $step }、全 { $epochs } エポックのうち { $done } エポック完了）

command-train-other-init = 警告: { $path } は、学習を始めたときのファイルと異なります。チェックポイントの重みで再開します
