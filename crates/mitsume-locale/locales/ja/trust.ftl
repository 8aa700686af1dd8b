### mitsume trust のページと文。
