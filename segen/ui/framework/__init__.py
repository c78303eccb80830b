"""What every tab uses: the queue, links, languages and the page."""
