"use strict";
document.getElementById("zurueck").submit();
