### 分かったことの文。レポートの先頭、mitsume trust、デモの最後に出ます。

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

findings-one = { $model } は、{ $data } の画像 { $images } 枚のうち { $accuracy } を正しく分類しました。偶然による一致を除いた一致度である kappa は { $kappa } です（完全に一致すれば 1、当て推量なら 0）。
findings-one-consistency = { $explained ->
        [predicted] 画像（正誤を問わない）のマップと、予測クラスの平均マップとの差は
       *[label] 正解予測された画像のマップとクラス平均マップとの差は
    }、平均で { $squared } です（squared-l2、対象は { $counted } 枚）。小さいほど一貫しており、モデルは同じクラスなら同じところを見ています。
findings-chance = マップのばらつきのうち { $share } がクラスで説明されます（偶然を補正した値。どこを見るかがクラスで決まらなければ 0 %、すべて決まれば 100 %）。
findings-several = { $count ->
       *[other] 評価は { $count } 件です。偶然による一致を除いた一致度である kappa（完全に一致すれば 1、当て推量なら 0）は、{ $low }（{ $least }）から { $high }（{ $most }）の範囲にあります。
    }
findings-at-chance = { $name } の分類は当て推量と変わりません（kappa { $kappa }）。どこを見ているかにも、どれだけ一貫しているかにも、意味はありません。
findings-many-at-chance = そのうち { $count } 件の分類は当て推量と変わりません。どこを見ているかにも、どれだけ一貫しているかにも、意味はありません。
findings-single-class = { $name } のクラスは { $class } だけです。すべての予測が正解になり、kappa は定義により 0 です。
findings-one-class = { $name } が正しく分類した画像は { $class } だけです。一貫性はこのクラスだけの値で、ほかのクラスについては何も言えません。
findings-explained = { $explained ->
        [predicted] { $name } のマップは、どれもその画像の予測クラスのものです。クラスの画像とは、正誤を問わず、そのクラスと予測された画像です。マップと一貫性について「正解予測された画像」とあるところは、そう読み替えてください。
       *[class] { $name } のマップは、画像のクラスによらず、どれも { $class } のものです。クラス平均マップは、そのクラスの正解画像のどこが { $class } らしいかを示します。
    }
findings-many-explained = そのうち { $count } 件のマップは、正解クラスのものではありません（ページ末尾の「マップのクラス」を参照）。一貫性は、ほかと比べません。
findings-few-images = { $name } で評価した画像は { $images } 枚だけです。別の画像では、値が大きく変わるかもしれません。
findings-unfinished = { $name } は { $planned } エポックのうち { $done } エポックまで進んだところで、まだ評価がありません。以下の値は、最後のエポックの検証画像でのものです。比較には含めていません。
findings-many-unfinished = { $count } 件の実行は、完了していないか、まだ評価がありません。比較には含めていません。

## lambda

findings-lambda = lambda { $lambda }
findings-lambda-of-model = lambda { $lambda }（{ $model }）
findings-one-kappa = { $subject } では、ほかの条件が同じ lambda 0 の場合（シード { $seed }）と比べて、kappa は { $from } から { $to } に、正答率は { $accuracy_from } から { $accuracy_to } になりました。
findings-one-change = { $subject } では、マップの一貫性{ $direction ->
        [down] が { $change } 高まりました
        [up] が { $change } 低くなりました
       *[same] は変わりませんでした
    }。クラス平均マップからの平均距離である squared-l2 は、{ $from } から { $to } になりました（小さいほど一貫しています）。
findings-not-compared = { $subject } では、一貫性を比べていません。モデルの分類が当て推量と変わらないか、正解画像のあるクラスが損失なしの場合と異なり、同じ量を比べることにならないからです。
findings-seeds = { $subject } では、lambda 0 と比べて、シード { $seeds } 個の平均で { $quantity } が { $change } 変化しました（95 % 区間 { $low } から { $high }）。{ $verdict ->
        [beyond] シードの違いだけでは説明できない変化です（対応のある t 検定、p = { $p }、ここでのすべての比較について補正済み）
        [within] シードの違いだけでも起こりうる変化です（対応のある t 検定、p = { $p }、ここでのすべての比較について補正済み）
       *[equal] どのシードでも同じ変化だったため、検定はできません
    }。
findings-one-seed = シードは 1 個だけです。kappa はシードを変えるだけで 0.01 の数倍ほど変わり、一貫性も変わります。この程度の変化は、シードの違いによるものかもしれません。複数のシードで確かめてください（mitsume sweep、mitsume analyze）。
findings-no-baseline = 比較の基準となる、損失なし（lambda 0）の実行がありません。lambda によって何が変わったかは分かりません。
findings-not-alike = 損失ありの実行のうち { $count } 件には、比べる相手がありません。データ、モデル、エポック数、シード、設定が同じで損失なしの実行がないか、同じ条件の別の実行をすでに比べています。
findings-more = このほかに { $count } 個の lambda を比べました。値は下の表にあります。mitsume analyze で全体をまとめられます。

## クラス

findings-two-classes = { $name } は、{ $a } と { $b } で{ $nearly ->
        [same] ほぼ同じところ
       *[other] 異なるところ
    }を見ています。クラス平均マップの相関は r = { $r } です。
findings-all-classes-alike = { $name } は、どのクラスでもほぼ同じところを見ています。どの二つのクラス平均マップの相関も r = { $r } 以上です。
findings-classes-alike = { $name } は、{ $a } と { $b } で{ $nearly ->
        [same] ほぼ同じところを見ています
       *[other] 最も似たところを見ています
    }（クラス平均マップの相関 r = { $r }）。最も異なるのは { $c } と { $d } です（r = { $s }）。
findings-least-consistent = { $name } の一貫性が最も低いクラスは { $least }（squared-l2 { $high }）、最も高いクラスは { $most }（{ $low }）です。
findings-between-runs = lambda 0 と lambda { $lambda } でクラス平均マップが最も大きく変わったのは { $changed }（両者の相関 r = { $r }）、最も変わらなかったのは { $kept }（r = { $s }）です。

## 周縁と背景

findings-border = { $name } のマップの { $mass } が、画像の周縁（各辺の外側 1 割）にあります。周縁の面積は画像の { $area } です。{ $share ->
        [even] これは、一様に広がったマップと同じかそれ以上の割合で、中央寄りではありません
       *[little] これは、一様に広がったマップより小さい割合です
    }。
findings-background = { $name } のマップの { $mass } が、何も写っていない背景にあります。その面積は画像の { $area } です。{ $share ->
        [even] これは、一様に広がったマップと同じかそれ以上の割合です。何も写っていないところを見るモデルは、どれだけ一貫していても誤りです
        [much] これは、一様に広がったマップよりは小さいものの、大きな割合です。何も写っていないところを見るモデルは、どれだけ一貫していても誤りです
       *[little] これは、一様に広がったマップに比べればわずかな割合です
    }。
findings-no-background = 画像には、何も写っていない背景がほとんどありません（面積の { $area }）。
findings-background-classes = { $name } が、何も写っていない背景を最も多く見るのは { $classes } です。
findings-not-measured = マップのうちどれだけが、画像の周縁や何も写っていない背景にあるかは、測定されていません。mitsume eval で測定できます。
findings-range = { $region ->
        [border] 画像の周縁（各辺の外側 1 割）
       *[background] 何も写っていない背景
    }にあるマップの割合は、{ $low }（{ $least }）から { $high }（{ $most }。この領域の面積は画像の { $area }）の範囲にあります。{ $warned ->
        [0] 疑うべきほど大きいものはありません
       *[other] { $warned } 件の評価では大きすぎます（{ $region ->
            [border] 一様に広がったマップと同じかそれ以上
           *[background] 一様に広がったマップと同じかそれ以上、または 2 割以上
        }）
    }。

## 用語

findings-term-map = マップ
findings-map-means = クラス活性化マップ（手法の名前がなければ Grad-CAM）。1 枚の画像と一つのクラスについて、各位置がそのクラスのスコアをどれだけ高めたかを 0 から 1 で表します。
findings-term-mean = クラス平均マップ
findings-mean-means = あるクラスの、正解予測された画像のマップの平均です。
findings-term-consistency = 視線一貫性、視線偏差
findings-consistency-means = 視線偏差は、1 枚のマップがクラス平均マップからどれだけ離れているかを表します。視線一貫性は、正解予測されたすべての画像の視線偏差の平均です。小さいほど、同じクラスで同じところを見ています。そこが正しいところだとは限りません。
findings-term-squared = squared-l2
findings-squared-means = 視線偏差の定義。差の二乗を、マップの要素にわたって平均します。大きさの異なるマップも比べられます。
findings-term-l2 = l2
findings-l2-means = 公開コードの計算による視線偏差。公表された数値と比べるためのものです。同じマップを 2 倍細かく標本化すると値は半分になるため、同じ大きさのマップどうしでだけ比べます。正解画像が 1 枚だけのクラスは除きます。
findings-term-counted = 対象の枚数
findings-counted-means = 一貫性の計算に使った画像、すなわち正解予測された画像の枚数です。
findings-term-kappa = kappa
findings-kappa-means = Cohen の κ 係数。予測と正しいクラスとの一致度から、偶然による一致を除いたものです。完全に一致すれば 1、当て推量なら 0 です。正答率と違い、枚数の多いクラスがあっても高く出ません。
findings-term-lambda = lambda
findings-lambda-means = 学習での視線一貫性損失の重み。0 より大きければ一貫して見ることを、0 より小さければ多様に見ることを促します。0 なら通常の学習です。
findings-term-r = r
findings-r-means = 二つのクラス平均マップの、要素ごとの Pearson の相関係数。ともに増減すれば 1、無関係なら 0 です。0.90 以上を「ほぼ同じ」と呼びます。
findings-term-regions = 周縁、何も写っていない背景
findings-regions-means = 周縁は各辺の外側 1 割で、どの画像でも面積の 36 % です。何も写っていない背景は、画像の縁から内側へ一様な色が続く部分です。それぞれについて、マップの総和のうちそこにある割合（relevance mass、Arras ら 2022）を、正解予測された画像にわたる平均で示します。一様に広がったマップなら、その領域の面積の割合と等しくなります。それ以上のとき、または背景では 2 割以上のときに、注意を示します。
