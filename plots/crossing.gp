# What both break-even pictures share: above, time against size on logarithmic axes; below, on the same x axis, one row
# a pool with the 95 % bracket of its crossing. The curves are those of one pool size, so that they can be told apart;
# the rows show all sizes. Not run by itself: breakeven-grain.gp and breakeven-tasks.gp set xname, yname, seconds (x is
# a time) and load it. Index 0 of the data says what it is about, 1 has the rows, 2 and up a curve each.
stats data using (column(-2)) name "blocks" nooutput
first = 2
last = int(blocks_max)
title = ""; shown = NaN
stats data index 0 using (title = strcol(1), shown = column(2), from = column(3), to = column(4), 1) nooutput

array curve_backend[last]
array curve_cold[last]
curves = ""
slopes = 0
do for [i = last:first:-1] {
    size = NaN
    stats data index i using (curve_backend[i] = strcol(1), size = column(2), curve_cold[i] = column(4) > 0, 1) nooutput
    if (size == shown) {
        curves = curves." ".i
        stats data index i using ($9 / $5) name "serial" nooutput
        slopes = slopes + serial_median
    }
}

stats data index 1 using 2 name "rows" nooutput
array row_backend[rows_records]
array row_outcome[rows_records]
array row_x[rows_records]
array row_low[rows_records]
array row_high[rows_records]
array row_y[rows_records] # serial's time at a crossing that belongs to a curve, else NaN
crossings = 0
# gnuplot's real() takes "3.0e-08", but not "3e-08".
exponent(text) = strstrt(text, "e")
dotted(text) = exponent(text) && !strstrt(text, ".") ? text[1:exponent(text) - 1].".0".text[exponent(text):*] : text
known(text) = text eq "NaN" ? NaN : real(dotted(text))
do for [i = 1:rows_records] {
    stats data index 1 every ::(i - 1)::(i - 1) using (size = column(2), row_backend[i] = strcol(3), \
        row_outcome[i] = strcol(5), row_x[i] = known(strcol(6)), row_low[i] = known(strcol(7)), \
        row_high[i] = known(strcol(8)), row_y[i] = size == shown ? known(strcol(9)) : NaN, 1) nooutput
    if (row_outcome[i] eq "found" && size == shown) { crossings = 1 }
    if (row_outcome[i] eq "undecided") { row_outcome[i] = row_low[i] > 0 ? "slower" : row_high[i] > 0 ? "faster" : "tied" }
}

entries = words(curves) + 1 + crossings
longest = 20
above = 486 + 24 * rows_records
load plots."style.gp"
lower = height - 430
name(i) = sprintf("%s × %d%s", curve_backend[i], shown, seconds ? "" : curve_cold[i] ? ", cold" : ", warm")
serial(x) = slopes / words(curves) * x # every task of serial costs the same

set logscale x 10
# whole decades, so that at least two tics have a label
from = 10 ** floor(log10(from * 1.001)); to = 10 ** ceil(log10(to * 0.999)); to = to > from ? to : 10 * from
set xrange [from:to]
if (seconds) { set format x "%.0s %cs" } else { set format x "%.0s%c" }
set lmargin at screen 0.26
set rmargin at screen 0.95
set output picture
set multiplot

set tmargin at screen 1 - 36.0 / height
set bmargin at screen (lower + 66.0) / height
set title title offset 0,-0.2
set logscale y 10
set format y "%.0s %cs"
set ylabel yname
do for [i = 1:rows_records] {
    if (row_y[i] > 0) { set label i "" at row_x[i], row_y[i] point pointtype 6 pointsize 2.6 * marker linewidth 1.5 front }
}
plot for [i in curves] data index int(i) using 5:7:8 with filledcurves \
        linecolor rgb colours[style(curve_backend[int(i)])] notitle, \
    serial(x) with lines linetype style("serial") title "serial", \
    for [i in curves] data index int(i) using 5:6 with linespoints linetype style(curve_backend[int(i)]) \
        linewidth (curve_cold[int(i)] ? 1 : 2) title name(int(i)), \
    keyentry with points pointtype 6 pointsize 2.6 * marker linewidth 1.5 linecolor rgb black \
        title (crossings ? "crossing" : "")

# A bracket is a bar in its backend's colour; where there is no crossing in the range searched, words say so.
words_for(outcome) = outcome eq "always-slower" ? "slower throughout" : outcome eq "always-faster" ? "faster throughout" : \
    outcome eq "slower" ? "slower, then tied" : outcome eq "faster" ? "tied, then faster" : "tied throughout"
unset label
do for [i = 1:rows_records] {
    if (row_outcome[i] eq "found") {
        set arrow from row_low[i], i - 1 to row_high[i], i - 1 heads size screen 0.006, 90 \
            linetype style(row_backend[i]) linewidth 2.5 dashtype solid
        set label "" at row_x[i], i - 1 point linetype style(row_backend[i])
    } else {
        set label words_for(row_outcome[i]) at sqrt(from * to), i - 1 center
    }
}
set label "where each pool crosses serial: estimate and 95 % bracket" at graph 0, graph 1 offset character 0.5,0.7
set tmargin at screen real(lower) / height
set bmargin at screen (56.0 + legend) / height
unset title
unset logscale y
unset format y
unset ylabel
unset key
set yrange [rows_records - 0.4:-0.6]
set ytics scale 0 noenhanced
set grid noytics
set xlabel xname
plot data index 1 using (from):0:ytic(1) with points pointtype -1
unset multiplot
