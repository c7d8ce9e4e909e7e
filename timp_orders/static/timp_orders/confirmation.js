// The button of the confirmation page says how many items are still ticked.
"use strict";
{
    const button = document.querySelector("#cancellation-form [type=submit]");
    const labels = JSON.parse(document.getElementById("cancellation-labels").textContent);
    const count = () => {
        button.value = labels[document.querySelectorAll("[name=kept]:checked").length];
    };
    document.addEventListener("change", count);
    window.addEventListener("pageshow", count); // the browser may have kept what was unticked
}
