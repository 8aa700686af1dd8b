### どの尺度が信頼に値するか。mitsume analyze の一部。

study-title = どの尺度が信頼に値するか
study-lead = 尺度どうしは、また尺度と kappa や位置の正しさは、実行を同じ順に並べるか。意味のないマップをモデル自身のマップと同じ以上に一貫しているとする尺度はどれか。一致は Kendall の tau-b です。実行は同じデータセットとモデルの実行とだけ比べるので、モデル全体のずれを一致とはみなしません。どの尺度も、＋ が「一貫しているほど良い」となる向きにそろえています。
study-pointing = 的中率
study-mass = 重要度の割合
study-rank = 上位画素の割合
study-none = なし
study-too-few = 実行が足りない
study-constant = すべて等しい
study-column-with = { $outcome } との一致
study-column-fails = 不合格：{ $control }
study-column-order = モデル（良い順、または一貫している順。括弧内は平均）
study-trust-title = 尺度ごとの kappa、位置の正しさ、対照
study-trust-note = tau と、データセットとモデルごとに実行を復元抽出したブートストラップの区間です（実行 { $runs } 件）。それぞれの実行が少ないとき、区間は狭すぎます。kappa は学習に使わない画像のものです。「不合格」は、判定のある実行のうち、尺度が対照をモデル自身のマップと同じ以上に一貫しているとした実行の数です（mitsume controls --out RUN/controls）。位置の正しさは、そこでマスクを与えたときだけあります。複雑さは対照で、＋ は「集中したマップほど良い」を表します。
study-strata-title = データセットとモデルごとの kappa との一致
study-strata-note = 括弧内は実行の数です。5 件に満たないときは計算しません。
study-orders-title = 尺度によるモデルの順
study-orders-note = 各モデルの実行にわたる平均です。squared-l2、l2、画素ごとの距離はマップの大きさによって変わるので、マップの大きさが異なるモデルは格子上の尺度でだけ比べられます。
study-heat-map-title = 全実行での量どうしの Kendall の tau
study-heat-map-caption = 青は二つの量が実行を同じ順に並べること、赤は逆の順に並べることを表します。実行は同じデータセットとモデルの中で比べます。
study-sentence-runs = { $strata } 組のデータセットとモデルの実行 { $runs } 件を、{ $of ->
    [evaluation] 学習の終わりの評価
   *[other] 最後のエポック
 }で比べます。一つずつ計算した { $percent } % 区間は、偶然だけでも 20 に一つほどは 0 を含みません。
study-sentence-outcome = { $outcome } と一致する尺度（区間が 0 より上）：{ $with }。逆の尺度（区間が 0 より下）：{ $against }。決まらない尺度：{ $neither } 個。
study-sentence-controls = { $runs } 件の実行で対照を測りました。
study-sentence-control = { $control }（判定 { $runs } 件）：半数を超える実行で不合格：{ $most }。不合格なし：{ $never }。
study-sentence-stands = kappa と一致し、どの対照にも半数を超える実行では不合格にならない尺度：{ $names }。
study-sentence-none-stands = kappa と一致し、かつ半数以上の実行ですべての対照に合格する尺度はありません。
study-all = { $count } 個すべて
study-all-but = 次を除くすべて（{ $names }）
study-lambda-title = 同じ lambda の実行どうしだけを比べた場合
study-lambda-note = lambda が両方に与える影響を除いたものです。一貫性のための学習はマップを一貫させ、それだけで kappa や位置の正しさを変えることもあります。
