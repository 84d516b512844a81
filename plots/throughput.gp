# Tasks a second against workers, serial's rate as a line, with 95 % interval bands.
#   gnuplot -c plots/throughput.gp results/HOST/LABEL.speedup.dat OUTPUT.svg
if (ARGC < 2) { exit error "usage: gnuplot -c plots/throughput.gp DATAFILE OUTPUT.svg|OUTPUT.png" }
plots = ARG0[1:strlen(ARG0) - strlen("throughput.gp")]; data = ARG1; picture = ARG2
value = 10
load plots."workers.gp"

set title title.": throughput against workers"
set ylabel "tasks a second"
set format y "%.0s%c"

stats data index 1 using (column(value)) name "serial" nooutput
bottom = serial_min < bottom ? serial_min : bottom
top = serial_max > top ? serial_max : top
if (top / bottom > 8) {
    load plots."decades.gp"
    set yrange [bottom / 1.3:top * 1.3]
} else {
    set yrange [0:top * 1.08]
}

set output picture
plot serial_max with lines linetype style("serial") title "serial", \
    for [i = last:first:-1] data index i using 3:11:12 with filledcurves linecolor rgb colour(i) notitle, \
    for [i = last:first:-1] data index i using 3:10:11:12 with yerrorbars linecolor rgb colour(i) linewidth 1.5 dashtype solid pointtype 0 notitle, \
    for [i = last:first:-1] data index i using 3:10 with linespoints linetype style(backend(i)) linecolor rgb colour(i) pointtype mark(i) linewidth width(i) title name(i)
