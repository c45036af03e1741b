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
_SIGN_WORDS = """
sale open closed exit entrance hotel inn motel cafe coffee restaurant grill bar pub lounge bistro diner bakery deli
pizza pizzeria sushi burger steak chicken seafood noodle tea wine liquor beer market grocery foods mart store shop
shoppe outlet mall plaza center centre tower building house hall theatre theater cinema museum gallery library
school college university academy church temple hospital clinic pharmacy drugs dental optical vision health fitness
gym spa salon nails hair beauty barber tattoo bank credit loan cash insurance realty travel tours rental auto tire
motors parts repair service garage parking carpark valet taxi bus station airport metro subway line gate platform
level lobby floor lift stairs toilet ladies gents men women street avenue road drive lane boulevard park beach
island lake river hill valley north south east west main first second third city town village country county state
police fire department office studio design photo print copy books music video games toys gifts flowers florist
jewelry jewelers watches shoes fashion clothing boutique tailor cleaners laundry furniture carpet hardware paint
electric power energy supply systems solutions group company limited associates partners brothers sons family
royal grand palace castle garden gardens imperial golden dragon lucky star sun blue red black white green silver
original famous best quality fresh new special free now only buy save up off discount offer price deal half
today daily hours week welcome thank you please no smoking caution warning danger stop slow speed limit keep left
right push pull private reserved emergency fire hose water gas oil diesel super express local international
american italian mexican chinese thai indian japanese french world global digital mobile phone wireless computer
customer information ticket tickets reception atm bankrupt closing clearance final reduction collection season
christmas holiday gift card member club live show dance night day love life happy dream angel king queen prince
"""
_BRAND_STARTS = """
mic gol nor sam pan tos hon toy niss ford vol bmw aud mar bur star dunk sub piz tac wen kfc mcd dom papa sub ben star
wal tar cos best gap zara hm uni nik adi pum ree lev calv ral tom hug guc pra cha dio her vui lou bally fos swat rol
ome tis cas seik can nik son kod fuj oly phil sie bos mak hil dew ever dur ener lg gen el max nov ver spri ora voda
quik flex tech dyna inno opti uni tri omni euro asia amer trans inter med bio eco agri aero aqua terra solar luna
"""
_BRAND_ENDS = """
o a ex ix on us um ar er or el al il in an en son sen ton man mann field land wood well ville burg berg stein bach
ard ert old ell ett ini ino ano etti elli oni ez es os as is ia io eo co tec tech soft ware net com mart max plus way
line link star sun lux ron tron dex tex pex ka ki ko ku ya yo za zu ley ly y ny by dy ry key ster
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
SIGN_WORDS = tuple(_SIGN_WORDS.split())
BRAND_STARTS = tuple(_BRAND_STARTS.split())
BRAND_ENDS = tuple(_BRAND_ENDS.split())
SYLLABLES = tuple(_SYLLABLES.split())
PUNCTUATED = tuple(_PUNCTUATED.split())
DOMAINS = tuple(_DOMAINS.split())
UNITS = tuple(_UNITS.split())
STREETS = tuple(_STREETS.split())
RECEIPT_WORDS = tuple(entry.strip() for entry in _RECEIPT_WORDS.split("|"))
CODAS = ("", "", "n", "r", "s", "l", "t", "ck", "ng", "x", "m", "y")
CURRENCIES = ("$", "$", "RM", "RM ", "USD ", "EUR ", "S$", "Rs.", "", "")
