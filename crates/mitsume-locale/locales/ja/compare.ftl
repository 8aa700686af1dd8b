### mitsume compare のページ、表、文。

compare-head = { $classes } クラスの同じ画像 { $images } 枚で { $models } 個のモデルを比較（ベースライン：{ $baseline }）

# 表。
compare-figures = 各モデルの値
compare-figure = 値
compare-accuracy = 正答率
compare-on-grid = { $form }（格子 { $grid }）
compare-chance-corrected = 偶然を補正した一貫性
compare-counted = 対象の画像数
compare-interval-note =
    括弧内は { $level } パーセンタイル区間で、{ $unit ->
        [patient] { $patients } 人の患者（画像はすべて患者ごとにまとめて扱います{ $without ->
            [0] { "" }
           *[other] 。患者の分からない { $without } 枚は、1 枚ずつ扱います
        }）
       *[image] 画像
    }を{ $strata ->
        [class] クラスごとに
       *[none] 全クラスまとめて
    }復元抽出した { $resamples } 回のブートストラップによります。抽出した画像はどのモデルでも同じです（シード { $seed }）。一貫性の区間は、ブートストラップの偏りの分だけずらしてあります。squared-l2 と l2 は小さいほど、偶然を補正した一貫性は大きいほど一貫しています。
compare-no-intervals = ブートストラップを行わない設定なので、区間はありません。squared-l2 と l2 は小さいほど、偶然を補正した一貫性は大きいほど一貫しています。
compare-differences = { $baseline } との差
compare-differences-note = モデルの値からベースラインの値を引いたもので、どちらも同じ画像を抽出しています。区間が 0 を含むときは、差は示されていません。ダッシュは、比較できないことを表します。
compare-right = どの画像に正解したか
compare-right-note = McNemar の正確検定は、どちらか一方だけが正解した画像を数えます。Holm 法により、モデルの個数で補正しています。
compare-model = モデル
compare-both = 両方
compare-baseline-only = { $baseline } だけ
compare-model-only = モデルだけ
compare-neither = どちらも不正解
compare-p-holm = p（Holm）
compare-maps = { $baseline } のマップとの比較
compare-maps-note = 同じ画像の 2 つのマップを { $size } で比べます（小さいほうは双線形補間で拡大）。r は画素にわたる Pearson の相関係数で、画像にわたる平均です。「別の画像」は、モデルのマップと、同じクラスの別の画像に対するベースラインのマップとの相関です。r がこれを上回れば、2 つのモデルはクラスだけでなく画像ごとにも同じ場所を見ています。
compare-r = r
compare-r-other = r（別の画像）
compare-classes = クラス
compare-classes-note = 正解した画像数、一貫性、および { $baseline } のクラス平均マップとの相関です。
compare-class = クラス
compare-images = 画像数
compare-correct = 正解
compare-mean-map-r = 平均マップの r

# 分かったこと。
compare-found-accuracy =
    { $verdict ->
        [better] { $model } は { $baseline } より多くの画像に正解しています
        [worse] { $model } が正解した画像は { $baseline } より少なくなっています
       *[none] { $model } と { $baseline } の正答率の差は示されていません
    }（差 { $difference }）。{ $model } だけが正解した画像は { $model_only } 枚、{ $baseline } だけが正解した画像は { $baseline_only } 枚です（McNemar の検定、p { $p }）。
compare-found-consistency =
    { $verdict ->
        [more] { $model } は { $baseline } より一貫しています
        [less] { $model } は { $baseline } より一貫していません
        [unknown] { $model } と { $baseline } の一貫性の差（区間なし）
       *[none] { $model } と { $baseline } の一貫性の差は示されていません
    }（{ $form } の差 { $difference }）。偶然を補正すると、{ $corrected ->
        [more] { $model } のほうが一貫しています
        [less] { $model } のほうが一貫していません
        [unknown] 差は次のとおりです（区間なし）
        [undefined] 差は定義されません
       *[none] 差は示されていません
    }（{ $corrected_difference }）。
compare-found-maps =
    { $verdict ->
        [more] { $model } と { $baseline } が同じ画像を見る場所は、同じクラスの別々の画像を見る場所より似ています
       *[no-more] { $model } と { $baseline } が同じ画像を見る場所は、同じクラスの別々の画像を見る場所より似ているとはいえません
    }（平均の相関 { $pearson }、別の画像では { $other }）。
compare-found-stability =
    { $models } モデルのすべての組にわたり、平均汎化性 MeGe は { $mege }（1 なら、正解したモデルは同じところを見る。0.5 なら、無関係なところを見る）、相対一貫性 ReCo は { $reco }（1 なら、マップの近さから、どちらも正解かどうかが分かる。0 なら、分からない）です。両方が正解したマップの組は { $both }、片方だけが正解した組は { $one } です。

# 注意。
compare-left-out =
    { $model } の画像 { $of } 枚のうち { $images } 枚は、同じクラスの画像としてすべての評価に含まれていないため、比較していません（{ $named }{ $more ->
        [0] { "" }
       *[other] {" "}ほか { $more } 枚
    }）。
compare-labelled-differently = すべての評価に含まれているが、クラスの異なる画像が { $images } 枚あります（{ $first } など）。
compare-other-folder = 画像のフォルダが異なります（{ $first } と { $second }）。パスとクラスが同じものを、同じ画像とみなしています。
compare-few-images = 比較した画像は { $images } 枚だけです。ほかの画像では、値が大きく変わるかもしれません。
compare-sizes-differ = マップの大きさが異なります：{ $sizes }。l2 は大きさに左右されるので比較せず、共通の格子の上の値を比較しています。
compare-methods-differ = マップの手法が異なります：{ $methods }。一貫性の差は、モデルではなく手法によるものかもしれません。
compare-counted-differ = 一貫性はそれぞれのモデルが正解した画像にわたるもので、対象の画像がモデルによって異なります。--shared を付けると、すべてのモデルが正解した画像にそろえます。
compare-at-chance = { $name } の結果は、当て推量と変わりません（kappa { $kappa }）。マップは、当て推量を説明しているにすぎません。
compare-one-class = { $name } の一貫性は、1 つのクラスだけのものです。
compare-few-counted =
    { $name } では、{ $classes }{ $more ->
        [0] { "" }
       *[other] {" "}ほか { $more } クラス
    }で正解した画像が { $least } 枚より少なく、平均マップが個々の画像に左右されます。
compare-unread-lists = { $lists } を読めませんでした。患者が分かるかどうか不明なので、画像は独立とみなしています。--patient-regex を付けると、パスから患者を見つけます。
compare-patients-apart = 複数の画像がある患者がいますが、画像を独立とみなしています（--resample-by image）。区間は狭すぎます。
compare-right-of-patients = McNemar 検定は、画像を独立とみなします。複数の画像がある患者がいるので、p 値は小さすぎます。正答率の差の区間で判断してください。
compare-few-patients = 区間は { $patients } 人の患者だけによるもので、これほど少ないと狭すぎます。
compare-one-patient = { $strata } クラスには患者が一人しかおらず、その患者は毎回抽出されます。別の患者なら異なることは、区間に反映されません。
compare-undefined-resamples = { $resamples } 回のうち最大 { $undefined } 回の抽出で、一貫性が定義されません。それらは区間の計算から除き、20 回に 1 回より多い場合は { $level } 区間を示しません。

# ページ。
compare-found = 分かったこと
compare-where = どこを見ているか
compare-difference = 差
compare-plot-caption =
    { $baseline } との差とその区間。{ $better ->
        [higher] 右ほど良い値です
        [higher-consistent] 右ほど一貫しています
       *[lower] 左ほど一貫しています
    }。
compare-mean-maps = クラス平均マップ
compare-mean-maps-note = クラスの平均画像に重ねて示します。それぞれ、そのモデルが正解した画像の平均です。r はベースラインの平均マップとの相関係数です。
compare-mean-map-alt = { $model } による { $class } の平均マップ
compare-mean-map-caption = { $model }（{ $counted } 枚）
compare-no-mean-map = { $model }：正解した画像がありません
compare-some-classes = { $total } クラスのうち、平均マップが最も似ていない { $shown } クラスです（全クラスは compare.json）。
compare-pictures = モデルの違いが表れた画像
compare-pictures-note = 左から、画像、ベースラインのマップ、モデルのマップで、どちらも同じクラスのものです。r は 2 つのマップの相関係数で、似ていないものから順に並べています。
compare-least-alike = マップが最も似ていない画像
compare-only-right = { $right } が正解し、{ $wrong } が間違えた画像
compare-more-images = ほかに { $more } 枚あります（compare.csv）。
compare-map-alt = { $model } による { $image } のマップ
compare-card-model =
    { $model }：{ $right ->
        [yes] ✓
       *[no] ✗
    } { $predicted } { $probability }
compare-made = 作成条件
compare-fact = { $model }、{ $layer } での { $method }、マップの大きさ { $size }、画像は { $data }、読み込み元は { $path }
compare-made-note = mitsume { $version }。区間は、同じ種類の別の画像についてのもので、別のシードについてのものではありません。患者が分からない限り、画像は独立とみなしています。以上のどれも、モデルが正しい場所を見ていることを示すものではありません。
