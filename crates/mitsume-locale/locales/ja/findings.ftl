### 分かったことの文。報告書の先頭、mitsume trust、デモの最後に出ます。

## ページ

findings-title = { $data }：{ $model }
findings-data-sets = { $count } 個のデータセット
findings-models = { $count } 個のモデル
findings-folder = フォルダ { $folder }
findings-heading = 分かったこと
findings-terms = 用語の意味
# 並べるときの区切り。
findings-between = 、
# 注意の文の前に置きます。
findings-caution = 注意：

## 数値

findings-one = { $model } は、{ $data } の画像 { $images } 枚のうち { $accuracy } を正しく分類しました。偶然を除いた一致度である kappa は { $kappa } です（1 は完全な一致、0 は当て推量と同じ）。
findings-one-consistency = 正解予測された画像のマップは、そのクラスの平均マップから平均して { $squared } だけ離れています（squared-l2、対象は { $counted } 枚）。小さいほど一貫しており、同じクラスなら同じところを見ています。
findings-chance = マップのばらつきのうち { $share } がクラスで説明されます（偶然を補正した値。どこを見るかがクラスで決まらなければ 0 %、すべて決まれば 100 %）。
findings-several = { $count ->
       *[other] 評価は { $count } 件です。偶然を除いた一致度である kappa（1 は完全な一致、0 は当て推量と同じ）は、{ $low }（{ $least }）から { $high }（{ $most }）の間にあります。
    }
findings-at-chance = { $name } は当て推量を超えていません（kappa { $kappa }）。どこを見ているか、どれだけ一貫しているかには意味がありません。
findings-many-at-chance = そのうち { $count } 件は当て推量を超えていません。どこを見ているか、どれだけ一貫しているかには意味がありません。
findings-single-class = { $name } のクラスは { $class } だけです。どの予測も正解になり、kappa は定義により 0 です。
findings-one-class = { $name } が正解した画像は { $class } だけです。一貫性はこのクラスだけの値で、ほかのクラスについては何も言えません。
findings-few-images = { $name }：評価した画像は { $images } 枚だけです。別の画像では、数値が大きく変わるかもしれません。
findings-unfinished = { $name } は { $planned } エポックのうち { $done } エポックまで進んでおり、まだ評価がありません。以下の数値は最後のエポックの検証用画像でのもので、比較には含めていません。
findings-many-unfinished = { $count } 件の実行は、終わっていないか、まだ評価がありません。比較には含めていません。

## lambda

findings-lambda = lambda { $lambda }
findings-lambda-of-model = lambda { $lambda }（{ $model }）
findings-one-kappa = { $subject } では、ほかの条件を同じにした lambda 0 に比べ（シード { $seed }）、kappa は { $from } から { $to } に、正解率は { $accuracy_from } から { $accuracy_to } になりました。
findings-one-change = { $subject } では、マップの一貫性{ $direction ->
        [down] が { $change } 高まりました
        [up] が { $change } 低くなりました
       *[same] は変わりませんでした
    }。クラス平均マップからの平均距離である squared-l2 は { $from } から { $to } になりました（小さいほど一貫しています）。
findings-not-compared = { $subject } では、一貫性を比べていません。当て推量のモデルであるか、正解した画像のあるクラスが損失なしの場合と異なるため、同じ量ではないからです。
findings-seeds = { $subject } では、lambda 0 に比べ、シード { $seeds } 個の平均で { $quantity } が { $change } 変化しました（95 % 区間 { $low } から { $high }）。{ $verdict ->
        [beyond] シードの違いだけでは説明できない変化です（対応のある t 検定、p = { $p }、ここでのすべての比較について補正済み）
        [within] シードの違いだけでも起こりうる変化です（対応のある t 検定、p = { $p }、ここでのすべての比較について補正済み）
       *[equal] どのシードでも同じ変化だったため、検定はできません
    }。
findings-one-seed = シードは 1 個だけです。kappa はシードごとに百分の数程度動き、一貫性も動きます。この程度の変化はシードによるものかもしれません。複数のシードで確かめてください（mitsume sweep、mitsume analyze）。
findings-no-baseline = 比較の基準となる、損失なし（lambda 0）の実行がありません。lambda で何が変わったかは言えません。
findings-not-alike = 損失を加えた実行のうち { $count } 件は、比べる相手がありません。データ、モデル、エポック数、シード、設定が同じで損失のない実行がないか、同じ条件の別の実行がすでに比べられています。
findings-more = さらに { $count } 個の lambda を比較しました。数値は下の表にあります。全体は mitsume analyze でまとめられます。

## クラス

findings-two-classes = { $name } は、{ $a } と { $b } で{ $nearly ->
        [same] ほぼ同じところ
       *[other] 異なるところ
    }を見ています。クラス平均マップの相関は r = { $r } です。
findings-all-classes-alike = { $name } は、どのクラスでもほぼ同じところを見ています。どの 2 つのクラス平均マップの相関も r = { $r } 以上です。
findings-classes-alike = { $name } は、{ $a } と { $b } で{ $nearly ->
        [same] ほぼ同じところを見ています
       *[other] 最も似たところを見ています
    }（クラス平均マップの相関 r = { $r }）。最も異なるのは { $c } と { $d } です（r = { $s }）。
findings-least-consistent = { $name } の一貫性が最も低いクラスは { $least }（squared-l2 { $high }）、最も高いクラスは { $most }（{ $low }）です。
findings-between-runs = lambda 0 と lambda { $lambda } の間でクラス平均マップが最も変わったのは { $changed }（両者の相関 r = { $r }）、最も変わらなかったのは { $kept }（r = { $s }）です。

## 周縁と背景

findings-border = { $name } のマップの { $mass } が、画像の周縁（各辺の外側 1 割）にあります。周縁は画像の { $area } です。{ $share ->
        [even] 一様に広がったマップと同じかそれ以上で、中央に偏っていません
       *[little] 一様に広がったマップより少ない割合です
    }。
findings-background = { $name } のマップの { $mass } が、何も写っていない背景にあります。背景は画像の { $area } です。{ $share ->
        [even] 一様に広がったマップと同じかそれ以上です。そこには何も写っていません。そこを見るモデルは、どれだけ一貫していても誤っています
        [much] 一様に広がったマップよりは少ないものの、多い割合です。そこには何も写っていません。そこを見るモデルは、どれだけ一貫していても誤っています
       *[little] 一様に広がったマップに比べればわずかです
    }。
findings-no-background = 画像には、何も写っていない背景がほとんどありません（面積の { $area }）。
findings-background-classes = { $name } が何も写っていない背景を最もよく見るのは { $classes } です。
findings-not-measured = マップのうちどれだけが画像の周縁や何も写っていない背景にあるかは、測られていません。mitsume eval で測れます。
findings-range = { $region ->
        [border] 画像の周縁（各辺の外側 1 割）
       *[background] 何も写っていない背景
    }にあるマップの割合は、{ $low }（{ $least }）から { $high }（{ $most }。この領域は画像の { $area }）です。{ $warned ->
        [0] 疑うべき割合のものはありません
       *[other] { $warned } 件の評価では多すぎます（{ $region ->
            [border] 一様に広がったマップと同じかそれ以上
           *[background] 一様に広がったマップと同じかそれ以上、または 2 割以上
        }）
    }。

## 用語

findings-term-map = マップ
findings-map-means = クラス活性化マップ（別の手法の名がなければ Grad-CAM）。一枚の画像と一つのクラスについて、各位置がそのクラスのスコアをどれだけ高めたかを 0 から 1 で表します。
findings-term-mean = クラス平均マップ
findings-mean-means = あるクラスの正解予測された画像にわたる、マップの平均です。
findings-term-consistency = 一貫性、偏差
findings-consistency-means = 偏差は、一枚のマップがクラス平均マップからどれだけ離れているかです。視線一貫性は、正解予測されたすべての画像の偏差の平均です。小さいほど、同じクラスで同じところを見ています。そこが正しいところだとは限りません。
findings-term-squared = squared-l2
findings-squared-means = 定義による偏差。差の二乗をマップの要素で平均します。大きさの異なるマップも比べられます。
findings-term-l2 = l2
findings-l2-means = 公表コードの計算による偏差。公表された数値との比較のためのものです。同じマップを二倍細かく取ると値は半分になるため、同じ大きさのマップの間だけで比べます。正解が 1 枚だけのクラスは除きます。
findings-term-counted = 対象
findings-counted-means = 正解予測された画像、すなわち一貫性の計算に使った画像です。
findings-term-kappa = kappa
findings-kappa-means = Cohen の kappa。正解との、偶然を除いた一致度です。1 は完全な一致、0 は当て推量と同じです。正解率と違い、多いクラスに引きずられません。
findings-term-lambda = lambda
findings-lambda-means = 学習での視線一貫性損失の重み。0 より大きければ一貫して見ることを、0 より小さければ多様に見ることを促します。0 は通常の学習です。
findings-term-r = r
findings-r-means = 二つのクラス平均マップの、要素ごとの Pearson の相関係数。ともに増減すれば 1、無関係なら 0 です。0.90 以上を「ほぼ同じ」と呼びます。
findings-term-regions = 周縁、何も写っていない背景
findings-regions-means = 周縁は各辺の外側 1 割で、どの画像でも 36 % です。何も写っていない背景は、画像の縁から内側へ一様な色が続く部分です。それぞれにあるマップの割合（relevance mass、Arras ら 2022）を、正解予測された画像で平均して示します。一様に広がったマップなら、その領域が画像に占める割合と同じになります。それ以上の場合と、背景に 2 割以上ある場合に注意を付けます。
