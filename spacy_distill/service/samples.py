"""Sample texts of the demo page, written for it. People and firms are made up."""

from typing import Dict, List, Tuple

# A title and a text.
_Samples = List[Tuple[str, str]]

# Samples by language and task.
SAMPLES: Dict[str, Dict[str, _Samples]] = {
    "en": {
        "ner": [
            (
                "Shipping",
                "Ingrid Solheim, who runs Fjordkraft Shipping in Bergen, flew to Lima"
                " on Monday. She wants to buy two ferries from the Peruvian navy, and"
                " said that Rotterdam and Busan had made offers too.",
            ),
            (
                "Football",
                "Valmora United beat Real Oviedo 3-1 in Turin, with two late goals by"
                " Tomás Quiroga. Coach Nadia Benhaddou said the team was ready for the"
                " Iberian Cup final against Porto in May.",
            ),
            (
                "Science",
                "Researchers at the University of Leiden have dated a canoe that Piet"
                " Hoekstra found in the Rhine in 1998. Writing in the Journal of River"
                " Archaeology, they say that it was built in Gaul.",
            ),
            (
                "Letter",
                "Dear Mr Adeyemi, our office in Nairobi has received the contract with"
                " Baobab Airlines. Could Lucía send the German version to Kestrel &"
                " Sons in London before Friday?",
            ),
        ],
        "textcat": [
            (
                "Delighted",
                "I had given up on garlic presses, and then my sister gave me this one."
                " It is heavy, it rinses clean in a second, and my hands do not hurt."
                " I have already bought two more as presents.",
            ),
            (
                "Disappointed",
                "The lamp came with a cracked shade and no screws. Three e-mails later"
                " I was told to wait for a form that never arrived. The colour is"
                " nothing like the picture either.",
            ),
            (
                "In two minds",
                "The room was tiny and the lift was out of order all week, but the"
                " breakfast was the best I have had in years, and the view of the"
                " harbour almost makes up for the stairs.",
            ),
        ],
    },
    "de": {
        "ner": [
            (
                "Werft",
                "Ingrid Solheim, die Chefin der Nordlicht Reederei in Kiel, ist am"
                " Montag nach Lima geflogen. Sie will der peruanischen Marine zwei"
                " Fähren abkaufen, für die sich auch Rotterdam interessiert.",
            ),
            (
                "Fußball",
                "Der SV Falkenau hat in Turin mit 3:1 gegen Real Oviedo gewonnen. Zwei"
                " späte Tore von Tomás Quiroga brachten die Mannschaft von Trainerin"
                " Nadia Benhaddou ins Finale des Alpenpokals.",
            ),
            (
                "Forschung",
                "An der Universität Leiden wurde ein Einbaum datiert, den Piet Hoekstra"
                " 1998 im Rhein gefunden hatte. Er stammt aus Gallien und ist ab Mai im"
                " Museum am Wall in Köln zu sehen.",
            ),
        ],
        "textcat": [
            (
                "Begeistert",
                "Ich hatte Knoblauchpressen aufgegeben, bis mir meine Schwester diese"
                " geschenkt hat. Sie liegt schwer in der Hand und ist im Nu sauber."
                " Zwei weitere habe ich schon verschenkt.",
            ),
            (
                "Enttäuscht",
                "Die Lampe kam mit gesprungenem Schirm und ohne Schrauben. Nach drei"
                " E-Mails sollte ich auf ein Formular warten, das nie ankam. Auch die"
                " Farbe ist eine andere als auf dem Bild.",
            ),
        ],
    },
    "fr": {
        "ner": [
            (
                "Navigation",
                "Ingrid Solheim, qui dirige la Compagnie des Fjords à Brest, s'est"
                " envolée lundi pour Lima. Elle veut acheter deux ferries à la marine"
                " péruvienne, que Rotterdam convoite aussi.",
            ),
            (
                "Football",
                "L'Olympique de Valmore a battu le Real Oviedo 3 à 1 à Turin grâce à"
                " deux buts de Tomás Quiroga. L'équipe de Nadia Benhaddou jouera la"
                " finale de la Coupe des Alpes contre Porto.",
            ),
            (
                "Recherche",
                "L'université de Leyde a daté une pirogue que Piet Hoekstra avait"
                " trouvée dans le Rhin en 1998. Elle vient de Gaule et sera exposée au"
                " musée des Quais, à Lyon, à partir de mai.",
            ),
        ],
        "textcat": [
            (
                "Ravie",
                "J'avais renoncé aux presse-ail, puis ma sœur m'a offert celui-ci. Il"
                " est lourd, se rince en une seconde et ne fait pas mal aux mains. J'en"
                " ai déjà racheté deux pour les offrir.",
            ),
            (
                "Déçu",
                "La lampe est arrivée avec un abat-jour fendu et sans vis. Après trois"
                " courriels, on m'a dit d'attendre un formulaire qui n'est jamais venu."
                " La couleur n'est pas celle de la photo.",
            ),
        ],
    },
    "zh": {
        "ner": [
            (
                "航运",
                "北湾航运公司总经理沈若兰星期一从青岛飞往利马，打算向秘鲁海军购买两艘渡轮。"
                "她说，鹿特丹和釜山的公司也提出了报价。",
            ),
            (
                "足球",
                "在都灵举行的比赛中，松江联队以三比一战胜奥维耶多队，陆子川在最后十分钟攻入"
                "两球。主教练何静仪说，球队已经为五月的长江杯决赛做好准备。",
            ),
            (
                "履历",
                "顾明远，男，汉族，1968年出生，毕业于云州大学经济系，博士学位，现任海澜银行"
                "副行长、独立董事。",
            ),
        ],
        "textcat": [
            (
                "满意",
                "本来已经不想再买压蒜器了，后来妹妹送了我这一个。拿在手里很扎实，一冲就干净，"
                "手也不疼。我又买了两个送朋友。",
            ),
            (
                "失望",
                "台灯寄来的时候灯罩是裂的，还少了螺丝。写了三封邮件，只叫我等一张表格，到现在"
                "也没有收到。颜色也和图片不一样。",
            ),
        ],
    },
}
