# Break-even by bytes that a task carries: above, what such a task costs beside its work; below, the grain from which it is
# worth it; a line a pool, with the 95 % interval. 0 bytes stand at the left edge of the logarithmic axis.
#   gnuplot -c plots/breakeven-bytes.gp results/HOST/LABEL.bytes.dat OUTPUT.svg
if (ARGC < 2) { exit error "usage: gnuplot -c plots/breakeven-bytes.gp DATAFILE OUTPUT.svg|OUTPUT.png" }
plots = ARG0[1:strlen(ARG0) - strlen("breakeven-bytes.gp")]; data = ARG1; picture = ARG2
stats data using (column(-2)) name "blocks" nooutput
last = int(blocks_max)
title = ""
stats data index 0 using (title = strcol(1), 1) nooutput
array name_of[last]
array backend_of[last]
least = 1e300; most = 0
bytes(there, back) = there > back ? there : back
low = 1e300; high = 0 # of break-even
known(x) = x > 0 ? (low = x < low ? x : low, high = x > high ? x : high, 1) : 0
do for [i = 1:last] {
    stats data index i using (name_of[i] = strcol(1), backend_of[i] = strcol(2), b = bytes(column(4), column(5)), \
        least = b > 0 && b < least ? b : least, most = b > most ? b : most, known(column(9)), known(column(10)), known(column(11)), 1) nooutput
}
if (high == 0) { low = 1e-6; high = 1e-3 }
zero = least / 10 # where 0 bytes stand
at(there, back) = bytes(there, back) > 0 ? bytes(there, back) : zero

entries = last
longest = 20
above = 700
load plots."style.gp"
set output picture
set multiplot
set logscale xy 10
set xrange [zero / 1.5:most * 1.5]
set format x "%.0s %cB"
set xtics add ("0 B" zero)
set format y "%.0s %cs"
set lmargin at screen 0.13
set rmargin at screen 0.95

set title title offset 0,-0.2
set tmargin at screen 1 - 36.0 / height
set bmargin at screen 1 - 340.0 / height
set ylabel "a task adds"
unset key
plot for [i = 1:last] data index i using (at($4, $5)):7:8 with filledcurves linecolor rgb colours[style(backend_of[i])], \
    for [i = 1:last] data index i using (at($4, $5)):6 with linespoints linetype style(backend_of[i])

# An arrow upwards: the break-even is above what was tried, or was not decided.
unset title
set tmargin at screen 1 - 370.0 / height
set bmargin at screen (60.0 + legend) / height
set yrange [low / 2:high * 2]
set ylabel "break-even: serial time of a task"
set xlabel "bytes that each task carries"
set key maxcols legend_columns at screen 0.5, screen 0.005 bottom center horizontal noenhanced Left reverse samplen 4 width 2 spacing 1.2
above_all(value, low) = value > 0 ? NaN : low
plot low / 2 with dots linecolor rgb "white" notitle, \
    for [i = 1:last] data index i using (at($4, $5)):10:11 with filledcurves \
        linecolor rgb colours[style(backend_of[i])] notitle, \
    for [i = 1:last] data index i using (at($4, $5)):(above_all($9, $10)):(0):($10 * 0.5) with vectors filled \
        linetype style(backend_of[i]) dashtype solid notitle, \
    for [i = 1:last] data index i using (at($4, $5)):9 with linespoints linetype style(backend_of[i]) notitle, \
    for [i = 1:last] keyentry with linespoints linetype style(backend_of[i]) title name_of[i]
unset multiplot
