/** A search by a picture that only another browser keeps: a link that was shared leads here. */

import { Button, FilePicker } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { searchByFile } from '../../query/search-by-file.ts';
import { navigate } from '../../route/navigation.ts';
import { HOME } from '../../route/route.ts';

export function LostQuery() {
  return (
    <>
      <h1 class="visually-hidden" tabIndex={-1}>
        Search
      </h1>
      <Empty
        icon="picture"
        title="This picture is in another browser"
        actions={
          <>
            <FilePicker look="primary" icon="search" onPick={([file]) => file && searchByFile(file)}>
              Choose a picture
            </FilePicker>
            <Button onClick={() => navigate(HOME)}>Start again</Button>
          </>
        }
      >
        A picture that is searched by without being in the library is kept only by the browser it was chosen
        in. To share such a search, add the picture to the library first.
      </Empty>
    </>
  );
}
