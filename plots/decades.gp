# A logarithmic y axis from `bottom` to `top`, labelled at 1, 2 and 5 of each decade. Loaded by the pictures.
set logscale y 10
set format y "%.0s%c"
do for [k = floor(log10(bottom)) - 1:ceil(log10(top)) + 1] {
    do for [digit in "2 5"] { set ytics add (gprintf("%.0s%c", digit * 10.0 ** k) digit * 10.0 ** k) }
}
