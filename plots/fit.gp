# Throughput against workers: medians as measured, the law that fits each backend best, and the law's 95 % band up to
# twice the largest size.
#   gnuplot -c plots/fit.gp results/HOST/LABEL.fit.dat OUTPUT.svg
if (ARGC < 2) { exit error "usage: gnuplot -c plots/fit.gp DATAFILE OUTPUT.svg|OUTPUT.png" }
plots = ARG0[1:strlen(ARG0) - strlen("fit.gp")]; data = ARG1; picture = ARG2
stats data using (column(-2)) name "blocks" nooutput
last = int(blocks_max) / 2
title = ""; kind = ""; cpus = NaN
stats data index 0 using (title = strcol(1), kind = strcol(2), cpus = column(3), 1) nooutput

array backend[last]
array law[last]
longest = 0
do for [i = 1:last] {
    stats data index 2 * i using (backend[i] = strcol(1), law[i] = strcol(2), 1) nooutput
    length = strlen(backend[i].law[i]) + 2
    longest = length > longest ? length : longest
}
name(i) = backend[i].", ".law[i]
entries = last
above = 525
load plots."style.gp"

stats data using (column(-2) > 0 && int(column(-2)) % 2 ? column(3) : NaN) name "sizes" nooutput
stats data using (column(-2) > 0 ? column(4) : NaN) name "value" nooutput
stats data using (int(column(-2)) % 2 ? column(6) : NaN) name "high" nooutput
top = exists("high_max") && high_max > value_max ? high_max : value_max
set xlabel "workers"
if (sizes_max > 8) {
    set logscale x 2
    set xrange [1 / 1.1:sizes_max * 2.1]
} else {
    set xtics 1
    set xrange [0.7:sizes_max * 2 + 0.3]
}
set title title.": what limits throughput"
set ylabel kind eq "overhead" ? "regions a second" : "tasks a second"
set format y value_max < 1e4 ? "%g" : "%.1s%c"
# The band far out may be wider than anything else; it may leave the picture.
if (sizes_max > 8 && value_max / value_min > 8) {
    bottom = value_min
    load plots."decades.gp"
    set yrange [bottom / 1.5:top * 2]
} else {
    set yrange [0:top * 1.1]
}
if (cpus <= sizes_max * 2) {
    set arrow from cpus, graph 0 to cpus, graph 1 nohead linecolor rgb grey linewidth 1.5 dashtype 2 back
    set label sprintf("%d usable CPU%s", cpus, cpus == 1 ? "" : "s") at cpus, graph 1.035 center textcolor rgb 0x606060
}
set bmargin at screen (56.0 + legend) / height

colour(i) = colours[style(backend[i])]
set output picture
plot for [i = last:1:-1] data index 2 * i using 3:5:6 with filledcurves linecolor rgb colour(i) notitle, \
    for [i = last:1:-1] data index 2 * i using 3:4 with lines linecolor rgb colour(i) linewidth 2 dashtype dashes[style(backend[i])] notitle, \
    for [i = last:1:-1] data index 2 * i - 1 using 3:4:5:6 with yerrorbars linecolor rgb colour(i) linewidth 1.5 dashtype solid pointtype 0 notitle, \
    for [i = last:1:-1] data index 2 * i - 1 using 3:4 with points linetype style(backend[i]) notitle, \
    for [i = last:1:-1] keyentry with linespoints linetype style(backend[i]) title name(i)
