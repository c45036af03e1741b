"""Word material that ships with the renderer: enough to draw without any word list."""

_DEFAULT_WORDS = """
the of and to in is for on you that with are this from open closed exit enter sale free new street road avenue
lane park hotel cafe coffee bar restaurant pizza burger bakery market shop store pharmacy bank police station
school library museum hospital office parking taxi bus train airport gate platform ticket tickets push pull
stop caution danger warning private keep out no entry smoking please thank welcome home house garden city town
north south east west left right one two three four five six seven eight nine ten hundred monday tuesday
wednesday thursday friday saturday sunday january february march april june july august october november total
cash change card receipt invoice number date time price amount tax item items table server guest water milk
bread butter cheese sugar salt pepper chicken beef fish rice soup salad tea juice fresh hot cold best quality
service company limited international world national royal king queen green blue red white black gold silver
center theatre cinema music book books news paper phone mobile computer camera electric light power energy
auto motor repair wash service rental family doctor dental clinic beauty hair salon fashion shoes jewelry gift
toys sport fitness club summer winter spring season special offer discount today only buy get off half super
mega value studio design photo print copy center travel tours express delivery open daily hours minute bridge
river lake mountain beach island harbour castle tower church square garden court hill love life happy dream
star sun moon sky fire stone wood iron glass silk cotton leather velvet
"""
_SYLLABLES = """
ba be bo ca co da de di do fa fe fi ga go ha he hi ja jo ka ke ki la le li lo ma me mi mo na ne no pa pe po
qua ra re ri ro sa se si so sta ta te ti to tra va ve vi wa we xi ya yo za zi
"""
_PUNCTUATED = """
{}. {}, {}! {}: {}? {}; "{}" "{} {}" ({}) '{}' {}... {}'s {}'S -{} {}- #{} @{} &{} {}* *{}* [{}] {}/ {}= ={} <{}> {}!!
({} {}) ~{}~ _{}_
"""
_RECEIPT_WORDS = """
TOTAL | SUBTOTAL | CASH | CHANGE | TAX | GST 6% | ROUNDING | AMOUNT DUE | VISA | QTY | DISCOUNT | Item |
Total Sales | TOTAL INCL. GST | BALANCE | Tax Invoice | Invoice No: | Date: | Bill No. | Cashier: | TEL: |
FAX: | GST NO: | THANK YOU
"""
_DOMAINS = "com org net co.uk de fr edu.sg com.my io info gov in"
_UNITS = "kg g ml L km km/h m cm mm W V % oz lb pm am AM PM hrs th st F C"
_STREETS = "Street St St. Road Rd Rd. Ave Ave. Avenue Lane Drive Blvd Way Court Jalan"

DEFAULT_WORDS = tuple(_DEFAULT_WORDS.split())
SYLLABLES = tuple(_SYLLABLES.split())
PUNCTUATED = tuple(_PUNCTUATED.split())
DOMAINS = tuple(_DOMAINS.split())
UNITS = tuple(_UNITS.split())
STREETS = tuple(_STREETS.split())
RECEIPT_WORDS = tuple(entry.strip() for entry in _RECEIPT_WORDS.split("|"))
CODAS = ("", "", "n", "r", "s", "l", "t", "ck", "ng", "x", "m", "y")
CURRENCIES = ("$", "$", "RM", "RM ", "USD ", "EUR ", "S$", "Rs.", "", "")
